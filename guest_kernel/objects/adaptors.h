// References whose objects have got another reference: what stands in front of them, and when it may go.
#pragma once

#include "kernel/event.h"
#include "objects/adapted_reference.h"
#include "objects/translation_table.h"

namespace objects {

// Told by the keeper's thread, in thread context; calls no object.
class AdaptorListener {
public:
    // Of a reference that was adapted by itself.
    virtual void adaptor_changed(const AdaptedStatus& status, const char* what) = 0;
    // One has been freed: nothing in its module is used by it any more.
    virtual void adaptor_freed() = 0;
    virtual void dead_reference_called(Reference reference, uint64_t calls, uint64_t last_caller) = 0;

protected:
    ~AdaptorListener() = default;
};

// Everything about adapted references that takes time or memory. A thread of its own, the keeper, looks whether callers
// are left whenever something has changed, and frees what has had its day: an adaptor goes one generation after a dead
// reference took its place, that one when for a whole generation nobody has called it. All references take these steps
// side by side, so that a thousand of them wait for as many generations as one does.
//
// Invariant: a reference leads to where its object is by the `canonical` of its entry. While it does, and only then, it is
// among the adapted ones of the entry that it leads to, and has an adaptor, a dead reference, or both in turn. The object is
// in the instance set by its own reference alone.
//
// Locks: m_lock guards the lists and the records' and groups' fields. Locks of instance lists and of entries, in this order,
// are taken under it; no generation is waited for, nothing allocated and no object called while it is held. Only the keeper
// takes records and groups off their lists, so that it may walk them without the lock. The commit takes no mutex.
class Adaptors {
public:
    Status start();
    void set_listener(AdaptorListener* listener) { m_listener = listener; }

    // -- for a class whose interface changes
    // Whoever converts instances from one interface to the other, or creates such that speak `leads_to` for callers of
    // `offers`, finds the plan's group from now on. NO_MEMORY, TOO_LARGE, EXISTS.
    Status open(const AdaptorPlan& plan, ClassRecord& of, KindRecord& offers, KindRecord& leads_to, bool forward);
    // Nothing is added from now on; what is there stays as long as it has callers. Nothing happens when there is none.
    void close(const ClassRecord& of, const KindRecord& offers, const KindRecord& leads_to);
    // Null when none is open. Stays for the caller's generation.
    AdaptorGroup* find(const ClassRecord& of, const KindRecord& offers, const KindRecord& leads_to);
    // The reference by which callers of that interface reach the object, or null when it has none that will stay.
    // Allocates nothing, calls no object and waits for nobody, so that a transfer may ask, at its commit too.
    Reference speaking(Reference any, const KindRecord& wanted);
    // For who has just created an object and calls it by the interface `wanted`: its reference, or that of an adaptor that
    // was put in front of it. When that fails (NO_MEMORY) the object is destroyed. For counted threads.
    Result<Reference> offer(Reference made, const KindRecord& wanted);

    // -- for one object on its way
    // Everything for an adaptor in front of `old` but the last step: a record with an adaptor that leads to a new
    // reference, or back to one that was adapted before. NO_MEMORY, BUSY.
    Result<AdaptedReference*> prepare(Reference old, const AdaptorPlan& plan, Reference back_to = nullptr);
    // Of a class: back to the reference that offers the new interface, where there is one.
    Result<AdaptedReference*> prepare(Reference old, AdaptorGroup& group);
    // Before a swap begins: calls of the new reference meet a gate. NO_MEMORY.
    Status put_gate(AdaptedReference& record, Mediator& mediator);
    // The last step: `root` becomes the object of the new reference; `mediator` goes. Waits for nobody. With a mediator it
    // cannot fail; without one it is BUSY when a swap has the object.
    Status commit(AdaptedReference& record, Interposer* mediator, Root& root);
    // The same for an instance that is being converted, which is marked or not at its new reference. Cannot fail.
    void commit_claimed(AdaptedReference& record, Root& root, Mark then);
    // Afterwards, or instead. What is not needed any more is freed when its generation is over; of a class when the keeper
    // looks next, at the end of the whole conversion.
    void conclude(AdaptedReference& record);
    static Reference new_reference(const AdaptedReference& record) { return record.adaptor->next(); }

    // Puts an adaptor in front of an object that stays as it is. For counted threads. BUSY while a swap holds it.
    Status adapt(Reference reference, const AdaptorPlan& plan);
    // One that passes every call on as it came: for measurements.
    Status adapt_null(Reference reference);
    // Takes off what adapt has put on: the object has its old reference again. NOT_FOUND, BUSY. For counted threads.
    Status unadapt(Reference reference);

    // The object of that reference is no more: references that lead to it are refused from now on. By who retired it,
    // before its entry can be used again. Costs a load when there are none.
    void target_gone(Reference target);
    // Something has changed that adaptors depend on. From any thread.
    void look_again();
    // Whether there is anything to look at.
    bool any() const { return m_groups.first() != nullptr; }

    // Code that is no object keeps this reference and calls it. NO_MEMORY when there are too many.
    Status pin(Reference reference, const char* who);
    void unpin(Reference reference);

    void for_each(void (*visit)(const AdaptedStatus&, void*), void* context);
    // Under the lock: visit must not call back.
    void for_each_group(void (*visit)(AdaptorGroup&, void*), void* context);
    // Whether an adaptor's code or constants lie in [first, end), or will be asked for.
    bool use(uint64_t first, uint64_t end);
    // What lies there goes: its plans are closed.
    void forget(uint64_t first, uint64_t end);
    // Until the keeper has looked at everything once more, and done what was to be done. For threads that are not counted.
    void settle();

private:
    using Records = kernel::List<AdaptedReference, &AdaptedReference::link>;
    using Groups = kernel::List<AdaptorGroup, &AdaptorGroup::link>;
    static constexpr unsigned max_pins = 16;
    struct Pin {
        Reference reference = nullptr;
        const char* who = nullptr;
    };

    Result<AdaptedReference*> prepare_alone(const AdaptorPlan& plan, Reference old, AdaptedReference* back_to);
    Result<AdaptedReference*> prepare_in(AdaptorGroup& group, Reference old, AdaptedReference* back_to);
    Result<AdaptedReference*> prepare_in_front(AdaptorGroup& group, Reference own, Reference to);
    Result<AdaptedReference*> make_record(AdaptorGroup& group, Reference old);
    void add(AdaptedReference& record);
    Result<AdaptorGroup*> make_group(const AdaptorPlan& plan, bool open);
    void close(AdaptorGroup& group);
    Status bring(AdaptedReference& record, const HandOver& how);
    HandOver hand_over_of(AdaptedReference& record, Root& root);
    Status move_object(Reference from, const AdaptorPlan& plan, Reference back_to);
    Result<Reference> put_in_front(AdaptorGroup& group, Reference to);
    Result<Reference> put_in_front(Reference now, const ClassRecord& of, const KindRecord& has, const KindRecord& wanted);
    AdaptorGroup* next_on_the_way(const ClassRecord& of, const KindRecord& has, const KindRecord& wanted, bool forward);
    AdaptedReference* adapted(Reference old);
    AdaptedReference* offering(Reference to, const KindRecord& wanted);
    AdaptedReference* hold(AdaptedReference* record);
    void retire_adapted(Reference target);
    AdaptedStatus status(const AdaptedReference& record);
    unsigned pins(Reference reference) const;

    // The keeper.
    static void keeper_entry(uint64_t argument);
    void keep();
    bool look();
    bool pass(bool& again);
    bool count_callers();
    AdaptorGroup* first_group();
    AdaptedReference* first_record();
    AdaptedReference::Work begin(AdaptedReference& record);
    AdaptedReference::Work wanted(AdaptedReference& record);
    Reference right_target(const AdaptedReference& record);
    bool notice_all();
    bool nobody_calls(const AdaptedReference& record) const;
    bool begin_burial(AdaptedReference& record);
    bool begin_collapse(AdaptedReference& record);
    void forget_earlier_face(AdaptedReference& record);
    void free_adaptor(AdaptedReference& record);
    Composition* compose(const AdaptorMap& first, const AdaptorMap& second);
    void leave(Composition* composition);
    void end(AdaptedReference& record, bool& further, bool& again);
    bool end_watch(AdaptedReference& record);
    void remove(AdaptedReference& record);
    void free_groups();
    void tell(const AdaptedReference& record, const char* what);

    kernel::Mutex m_lock;
    Records m_records;
    Groups m_groups;
    Composition* m_compositions = nullptr;
    Pin m_pins[max_pins];
    // Of the keeper: in this pass nobody can be on an outdated way past the adaptors that it has noticed.
    bool m_may_bury = false;
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
