#include "objects/lifetime.h"

#include "kernel/event.h"
#include "kernel/generation.h"
#include "kernel/thread.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"
#include "objects/instance_set.h"
#include "objects/lazy_step.h"
#include "objects/priorities.h"
#include "objects/standard_factory.h"

namespace objects {

// Frees roots and entries one generation after their destruction; all that died meanwhile share one wait.
class Reaper {
public:
    Status start()
    {
        const kernel::ThreadOptions options{"reaper", reaper_priority, kernel::any_cpu, false};
        TRY(kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this)));
        return {};
    }

    void add(Root& root)
    {
        {
            kernel::SpinGuard guard(m_lock);
            root.m_next_dead = m_dead;
            m_dead = &root;
            ++m_added;
        }
        m_work.signal();
    }

    void add_replaced(Root& root)
    {
        root.m_replaced = true;
        add(root);
    }

    void drain()
    {
        kernel::SpinGuard guard(m_lock);
        const uint64_t goal = m_added;
        while (m_freed < goal)
            m_progress.wait(guard);
    }

private:
    static void entry(uint64_t argument) { reinterpret_cast<Reaper*>(argument)->work(); }

    void work()
    {
        for (;;) {
            m_work.consume();
            Root* dead = take_all();
            kernel::generations().wait_for_all_cpus();
            const uint64_t freed = free_all(dead);
            kernel::SpinGuard guard(m_lock);
            m_freed += freed;
            m_progress.wake_all();
        }
    }

    Root* take_all()
    {
        kernel::SpinGuard guard(m_lock);
        Root* dead = m_dead;
        m_dead = nullptr;
        return dead;
    }

    static uint64_t free_all(Root* dead)
    {
        CountedScope destructors_call_other_objects;
        uint64_t freed = 0;
        while (dead != nullptr) {
            Root* next = dead->m_next_dead;
            const Reference reference = dead->m_replaced ? nullptr : dead->reference();
            kernel::destroy(dead);
            if (reference != nullptr)
                table().release(reference);
            dead = next;
            ++freed;
        }
        return freed;
    }

    // Guards what follows but for the event.
    kernel::SpinLock m_lock;
    kernel::WaitQueue m_progress;
    Root* m_dead = nullptr;
    uint64_t m_added = 0;
    uint64_t m_freed = 0;
    kernel::Event m_work;
};

namespace {

constinit Reaper reaper;

// What stands in front of an object that is to die; afterwards the caller tries again.
void clear_the_way(Reference reference)
{
    HotSwap* swap = swap_of(reference);
    if (swap == nullptr)
        wait_while_converting(reference);
    else if (swap->phase() == Phase::Forward)
        swap->abort(Code::GONE).ignore();
    else
        swap->mediator().wait_while_blocked();
}

// Of what was just retired.
void bury(Root& root, Reference reference)
{
    adaptors().target_gone(reference);
    reaper.add(root);
}

// Without a factory, or when a swap has changed the class since the factory was found: the set is that of what was retired.
// The entry goes first: who finds the instance in its set afterwards finds it dying.
Status retire(Reference reference)
{
    Root* root = TRY(table().retire(reference));
    if (auto* set = with_factories ? set_of(root->descriptor()) : nullptr)
        set->remove(reference);
    bury(*root, reference);
    return {};
}

}

Result<Reference> publish(kernel::Owned<Root> root, InstanceSet* set)
{
    const Reference reference = TRY(table().allocate(*root, set));
    root.release();
    return reference;
}

// Here, beside the reaper.
Status FactoryRep::destroy(LocalEntry* instance)
{
    const auto root = table().retire(instance, *m_instances);
    if (root.status().code() == Code::NOT_FOUND) [[unlikely]]
        return retire(instance);
    bury(*TRY(root), instance);
    return {};
}

Status destroy(Reference any_reference)
{
    for (;;) {
        // Looked up anew each time: a swap may bring an adaptor.
        const Reference reference = table().canonical(any_reference);
        const Root* root = table().root(reference);
        if (root == nullptr && table().canonical(reference) != reference)
            continue;
        if (root == nullptr)
            return Code::GONE;
        const auto* record = with_factories ? root->descriptor().record : nullptr;
        const auto factory = record == nullptr ? Ref<Factory>() : record->factory_reference();
        const Status status = factory ? factory->destroy(reference) : retire(reference);
        if (status.code() != Code::BUSY)
            return status;
        clear_the_way(reference);
    }
}

Result<Reference> offer_adapted(Reference made, const KindRecord& wanted)
{
    return adaptors().offer(made, wanted);
}

void bury_replaced(Root& root)
{
    reaper.add_replaced(root);
}

Status start_reaper()
{
    return reaper.start();
}

void drain_dead_objects()
{
    reaper.drain();
}

}
