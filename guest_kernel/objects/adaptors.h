// References whose objects have got another reference: what stands in front of them, and when it may go.
#pragma once

#include "kernel/event.h"
#include "kernel/guarded.h"
#include "objects/adaptor.h"
#include "objects/adaptor_gate.h"
#include "objects/class_descriptor.h"
#include "objects/dead_reference.h"
#include "objects/translation_table.h"

namespace objects {

// A class whose instances call the adapted interface. Forward: those below the given version, the first that calls the
// new interface. For the way back: those of that version on, which call the interface that is to go.
struct CallerClass {
    const char* name;
    uint64_t version;
    bool from_version_on = false;
};

// How an update adapts the callers of a class: a constant of the module, which stays as long as an adaptor of it.
struct AdaptorPlan {
    const AdaptorMap* map;
    Result<Adaptor*> (*make)(Reference old, const AdaptorMap& map);
    // Null: callers are not known, and the adaptor stays until it is removed.
    const CallerClass* callers;
    unsigned caller_count;
};

template <typename AdaptorType>
Result<Adaptor*> make_adaptor(Reference old, const AdaptorMap& map)
{
    Adaptor* adaptor = kernel::make_of_module<AdaptorType>(kernel::Tag::Interposer, old, map);
    if (adaptor == nullptr)
        return Code::NO_MEMORY;
    return adaptor;
}

// `AdaptorType` is Adaptor, or a class of the module's own for handlers that keep state.
template <typename AdaptorType, unsigned n>
constexpr AdaptorPlan adaptor_plan(const AdaptorMap& map, const CallerClass (&callers)[n])
{
    return {&map, make_adaptor<AdaptorType>, callers, n};
}

// Preparing -> InPlace -> Dead -> (freed). From each of them -> Going -> (freed).
enum class AdaptedState : uint8_t { Preparing, InPlace, Dead, Going };

const char* name_of(AdaptedState state);

// One adapted reference.
struct AdaptedReference {
    Reference old = nullptr;
    const AdaptorPlan* plan = nullptr;
    kernel::Owned<Adaptor> adaptor;
    kernel::Owned<DeadReference> dead;
    // In front of the new reference until the object has come there.
    AdaptorGate gate;
    // Instead of a new reference: the adapted one that the object goes back to.
    AdaptedReference* back_to = nullptr;
    AdaptedState state = AdaptedState::Preparing;
    // Set at the commit, where no mutex is waited for: then Preparing means InPlace.
    bool committed = false;
    // Somebody is busy with it: nobody else changes its state or frees it.
    bool held = false;
    // Whether the entry of `old` goes too.
    bool reclaims_entry = true;
    // Calls on the dead reference that have been told of.
    uint64_t told = 0;
    AdaptedReference* following = nullptr;
};

struct AdaptedStatus {
    Reference old;
    Reference target;
    AdaptedState state;
    uint64_t calls;
    // Instances of caller classes, other adaptors, and pins; `known` is false for an adaptor that stays until removed.
    uint64_t callers_left;
    bool known;
    // Code that is no object calls it.
    bool permanent;
};

// Told by the keeper's thread, in thread context; calls no object.
class AdaptorListener {
public:
    virtual void adaptor_changed(const AdaptedStatus& status, const char* what) = 0;
    // One has been freed: nothing in its module is used by it any more.
    virtual void adaptor_freed() = 0;
    virtual void dead_reference_called(Reference reference, uint64_t calls, uint64_t last_caller) = 0;

protected:
    ~AdaptorListener() = default;
};

// Everything about adapted references that takes time or memory. A thread of its own, the keeper, looks whether callers
// are left whenever something has changed, and frees what has had its day: an adaptor goes one generation after a dead
// reference took its place, that one when for a whole generation nobody has called it.
//
// Locks: m_lock guards the list and the records' fields. Entries' locks are taken under it; no generation is waited for
// and no object called while it is held.
class Adaptors {
public:
    Status start();
    void set_listener(AdaptorListener* listener) { m_listener = listener; }

    // Everything for an adaptor in front of `old` but the last step: a record with an adaptor that leads to a new
    // reference behind a gate, or back to one that was adapted before. NO_MEMORY, BUSY.
    Result<AdaptedReference*> prepare(Reference old, const AdaptorPlan& plan, Reference back_to = nullptr);
    // The last step: `root` becomes the object of the new reference; `mediator` goes. Waits for nobody. With a mediator it
    // cannot fail; without one it is BUSY when a swap has the object.
    Status commit(AdaptedReference& record, Interposer* mediator, Root& root);
    // Afterwards, or instead. What is not needed any more is freed when its generation is over.
    void conclude(AdaptedReference& record);

    // Puts an adaptor in front of an object that stays as it is. For counted threads. BUSY while a swap holds it.
    Status adapt(Reference reference, const AdaptorPlan& plan);
    // One that passes every call on as it came: for measurements.
    Status adapt_null(Reference reference);
    // Takes off what adapt has put on: the object has its old reference again. NOT_FOUND, BUSY. For counted threads.
    Status unadapt(Reference reference);

    // The object of that reference is no more: references that lead to it are refused from now on. By who retired it,
    // before its entry can be used again.
    void target_gone(Reference target);
    // Something has changed that adaptors depend on. From any thread.
    void look_again();

    // Code that is no object keeps this reference and calls it. NO_MEMORY when there are too many.
    Status pin(Reference reference, const char* who);
    void unpin(Reference reference);

    void for_each(void (*visit)(const AdaptedStatus&, void*), void* context);
    // Whether an adaptor's code or constants lie in [first, end).
    bool use(uint64_t first, uint64_t end);
    // Until the keeper has looked at everything once more, and done what was to be done. For threads that are not counted.
    void settle();

private:
    static constexpr unsigned max_pins = 16;
    struct Pin {
        Reference reference = nullptr;
        const char* who = nullptr;
    };

    static void keeper_entry(uint64_t argument);
    void keep();
    bool look();
    bool look_at(AdaptedReference& record);
    AdaptedReference* take(AdaptedReference* after);
    void give_back(AdaptedReference& record);
    void collapse(AdaptedReference& record);
    bool bury(AdaptedReference& record);
    bool reclaim(AdaptedReference& record);
    void let_go(AdaptedReference& record);
    void forget(AdaptedReference& record);
    void tell(const AdaptedReference& record, const char* what);
    void tell_of_calls(AdaptedReference& record);

    Status move_object(Reference from, const AdaptorPlan& plan, Reference back_to);
    AdaptedReference* adapted(Reference old);
    AdaptedReference* hold_adapted(Reference old);
    AdaptedStatus status(const AdaptedReference& record);
    uint64_t callers_left(const AdaptedReference& record);
    unsigned pins(Reference reference) const;

    kernel::Mutex m_lock;
    AdaptedReference* m_first = nullptr;
    Pin m_pins[max_pins];
    kernel::Event m_work;
    // Guards how often the keeper has looked at everything, and who waits for that.
    kernel::SpinLock m_passes_lock;
    kernel::WaitQueue m_passed;
    uint64_t m_passes_begun = 0;
    uint64_t m_passes_done = 0;
    AdaptorListener* m_listener = nullptr;
};

Adaptors& adaptors();

}
