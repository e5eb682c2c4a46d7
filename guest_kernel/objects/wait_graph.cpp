#include "objects/wait_graph.h"

#include "kernel/mutex.h"
#include "kernel/print.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"
#include "objects/mediator.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

// A thread that is blocked, with the interposers whose objects it is inside.
struct BlockedThread {
    static constexpr unsigned max_inside = 6;

    const kernel::Thread* thread = nullptr;
    uint64_t id = 0;
    // Of its waits, this one.
    uint64_t number = 0;
    kernel::WaitingOn on;
    // Of the mutex, or the thread that does something for it; null in front of a mediator.
    const kernel::Thread* owner = nullptr;
    // Whether it has waited all the time since it was first looked at.
    bool waits_still = true;
    const Interposer* inside[max_inside] = {};

    const Mediator* mediator() const
    {
        return on.kind == kernel::WaitKind::Mediator ? static_cast<const Mediator*>(on.target) : nullptr;
    }
    bool is_inside(const Interposer& interposer) const
    {
        for (const auto* candidate : inside) {
            if (candidate == &interposer)
                return true;
        }
        return false;
    }
};

// Threads are looked at one after the other, so a cycle that is found may be made of waits that never were at the same
// time. One that is found again among those who have waited all the time since the first look was there, whole, at the
// end of that look: each thread in it is kept from giving anything back, and so from ending the wait of the one before.
//
// Locks: the thread table's, and under it the wait graph's, for each thread anew.
class Snapshot {
public:
    Snapshot() { kernel::for_each_thread(add, this); }

    // Whether some call inside `goal` waits, over any number of steps, for a call that `goal` blocks.
    bool find_cycle(const Mediator& goal)
    {
        for (bool& visited : m_visited)
            visited = false;
        m_cycle_length = 0;
        for (unsigned i = 0; i < m_count; ++i) {
            if (m_threads[i].is_inside(goal) && reaches(i, goal))
                return true;
        }
        return false;
    }
    void look_again()
    {
        for (unsigned i = 0; i < m_count; ++i)
            m_threads[i].waits_still = false;
        kernel::for_each_thread(confirm, this);
    }
    void print_cycle() const
    {
        for (unsigned i = 0; i < m_cycle_length; ++i)
            print_edge(*m_cycle[i]);
    }

private:
    static constexpr unsigned capacity = 48;

    static void add(kernel::Thread& thread, void* context)
    {
        static_cast<Snapshot*>(context)->add(thread);
    }

    void add(kernel::Thread& thread)
    {
        // Keeps the owner of a mutex in place while it is looked up.
        kernel::WaitGraphGuard guard;
        const uint64_t number = thread.waits();
        const auto on = thread.waiting_on();
        if (!is_edge(on.kind) || !may_hold_up(thread) || m_count == capacity)
            return;
        auto& blocked = m_threads[m_count++];
        blocked.thread = &thread;
        blocked.id = thread.id();
        blocked.number = number;
        blocked.on = on;
        if (on.kind == kernel::WaitKind::Mutex)
            blocked.owner = static_cast<const kernel::Mutex*>(on.target)->owner();
        else if (on.kind == kernel::WaitKind::Thread)
            blocked.owner = static_cast<const kernel::Thread*>(on.target);
        thread.call_records.copy_interposers(blocked.inside, BlockedThread::max_inside);
    }

    static bool is_edge(kernel::WaitKind kind)
    {
        return kind == kernel::WaitKind::Mutex || kind == kernel::WaitKind::Mediator || kind == kernel::WaitKind::Thread;
    }

    // Most callers that a mediator blocks have nothing that others want: a crowd of them must not crowd out the others.
    static bool may_hold_up(const kernel::Thread& thread)
    {
        return thread.call_records.depth() != 0 || thread.mutexes_held() != 0 || thread.guarded != nullptr;
    }

    static void confirm(kernel::Thread& thread, void* context)
    {
        auto& snapshot = *static_cast<Snapshot*>(context);
        for (unsigned i = 0; i < snapshot.m_count; ++i) {
            if (snapshot.m_threads[i].id == thread.id())
                snapshot.m_threads[i].waits_still = waits_still(thread, snapshot.m_threads[i]);
        }
    }

    // What it waits for is read before the number: see Thread::waits. A mediator that has ended blocking wakes its
    // callers one after the other; it is there as long as one of them was seen to wait and this thread stays counted.
    static bool waits_still(const kernel::Thread& thread, const BlockedThread& blocked)
    {
        const auto on = thread.waiting_on();
        if (on.kind != blocked.on.kind || on.target != blocked.on.target || thread.waits() != blocked.number)
            return false;
        return blocked.mediator() == nullptr || blocks_calls(blocked.mediator()->phase());
    }

    bool reaches(unsigned index, const Mediator& goal)
    {
        const auto& blocked = m_threads[index];
        if (m_visited[index] || !blocked.waits_still)
            return false;
        m_visited[index] = true;
        const bool found = blocked.mediator() == &goal || any_reaches(blocked, goal);
        if (found)
            m_cycle[m_cycle_length++] = &blocked;
        return found;
    }

    bool any_reaches(const BlockedThread& blocked, const Mediator& goal)
    {
        const Mediator* mediator = blocked.mediator();
        for (unsigned i = 0; i < m_count; ++i) {
            const bool holds_up =
                mediator != nullptr ? m_threads[i].is_inside(*mediator) : m_threads[i].thread == blocked.owner;
            if (holds_up && reaches(i, goal))
                return true;
        }
        return false;
    }

    static void print_edge(const BlockedThread& blocked)
    {
        const Mediator* mediator = blocked.mediator();
        if (mediator == nullptr) {
            const bool for_mutex = blocked.on.kind == kernel::WaitKind::Mutex;
            kernel::print("deadlock: thread %lu waits for a %s", blocked.id, for_mutex ? "mutex" : "conversion");
            return;
        }
        const auto name = table().name(mediator->reference());
        kernel::print("deadlock: thread %lu is blocked in front of @%u.%u", blocked.id, name.index, name.sequence);
    }

    BlockedThread m_threads[capacity];
    bool m_visited[capacity] = {};
    // From the one that `goal` blocks to the one inside it.
    const BlockedThread* m_cycle[capacity];
    unsigned m_cycle_length = 0;
    unsigned m_count = 0;
};

}

bool deadlocked(const Mediator& mediator)
{
    CountedScope keeps_mediators;
    Snapshot snapshot;
    if (!snapshot.find_cycle(mediator))
        return false;
    snapshot.look_again();
    if (!snapshot.find_cycle(mediator))
        return false;
    snapshot.print_cycle();
    return true;
}

}
