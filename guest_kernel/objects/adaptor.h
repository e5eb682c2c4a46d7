// An old interface on top of a new object.
#pragma once

#include "kernel/mutex.h"
#include "kernel/owned.h"
#include "objects/adaptor_face.h"
#include "objects/adaptor_map.h"

namespace objects {

// In front of an old reference whose object has got a new one. Calls do not come by the interceptor: they enter the slots
// of its map, which forward or handle them. Kept and freed by Adaptors.
class Adaptor : public Interposer {
public:
    Adaptor(Reference old, const AdaptorMap& map) : Interposer(old, Rank::Adaptor), m_map(map) {}
    virtual ~Adaptor();

    // Before it is put in place: where the new interface is found. NO_MEMORY.
    Status lead_to(Reference next);

    const AdaptorMap& map() const { return m_map; }
    Reference next() const { return m_next; }
    // Where calls go that need no handler: `next`, or further on behind other adaptors.
    Reference target() const;
    uint64_t calls() const;
    // Whether calls may go on through that reference. After a collapse few go through next(), but it is the way back too.
    bool calls_through(Reference reference) const;

    // Calls that would only be forwarded twice go to where `second`, the adaptor in front of next(), sends them. Waits
    // for a generation. NO_MEMORY.
    Status collapse(const Adaptor& second);
    // The other way: the object is at next() again.
    Status expand();

    Route enter(const CallSite& site) override;
    void leave(const CallRecord& record) override;
    const char* kind() const override { return "adaptor"; }

    static void count_call(AdaptorFace& face);

private:
    Status change_face(kernel::Owned<AdaptorMap> composed, Reference target);
    Result<AdaptorFace*> make_face(const AdaptorMap& map, Reference target, Reference next);

    const AdaptorMap& m_map;
    Reference m_next = nullptr;
    // Guards what follows.
    mutable kernel::Mutex m_lock;
    // The map in force, when that is not the update's own: after a collapse.
    kernel::Owned<AdaptorMap> m_composed;
    kernel::Owned<AdaptorFace> m_face;
    // Through faces that are gone.
    uint64_t m_earlier_calls = 0;
};

}
