// An old interface on top of a new object.
#pragma once

#include "kernel/owned.h"
#include "objects/adaptor_face.h"
#include "objects/adaptor_map.h"

namespace objects {

struct AdaptedReference;

// In front of an old reference whose object has got a new one. Calls do not come by the interceptor: they enter the slots
// of its map, which forward or handle them. Kept and freed by Adaptors, whose lock guards what of it changes.
class Adaptor : public Interposer {
public:
    Adaptor(Reference old, const AdaptorMap& map) : Interposer(old, Rank::Adaptor), m_map(map) {}
    virtual ~Adaptor();

    // Before it is put in place: where the new interface is found, and what counts its calls.
    void lead_to(AdaptedReference& record, Reference next, AdaptorCalls& calls);

    // The update's own.
    const AdaptorMap& map() const { return m_map; }
    Reference next() const { return m_own_face.next; }
    // Where calls go that need no handler: `next`, or further on behind other adaptors.
    Reference target() const { return (m_collapsed ? *m_collapsed : m_own_face).target; }

    // A face by which calls go straight to `target` as `map` says. NO_MEMORY.
    Result<AdaptorFace*> make_face(const AdaptorMap& map, Reference target);
    // Callers see that face from now on, or the adaptor's own when it is null. The face that they may still have loaded:
    // to be freed one generation later.
    kernel::Owned<AdaptorFace> change_face(kernel::Owned<AdaptorFace> face);

    Route enter(const CallSite& site) override;
    void leave(const CallRecord& record) override;
    const char* kind() const override { return "adaptor"; }
    AdaptedReference* adapted() override { return m_record; }

    static void count_call(AdaptorFace& face);

private:
    const AdaptorMap& m_map;
    AdaptedReference* m_record = nullptr;
    AdaptorFace m_own_face = {};
    // The one in force after a collapse.
    kernel::Owned<AdaptorFace> m_collapsed;
};

}
