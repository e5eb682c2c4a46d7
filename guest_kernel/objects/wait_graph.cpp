#include "objects/wait_graph.h"

#include "kernel/mutex.h"
#include "kernel/print.h"
#include "kernel/thread.h"
#include "objects/hot_swap.h"
#include "objects/mediator.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

// A thread that is blocked, with the mediators whose objects it is inside.
struct BlockedThread {
    static constexpr unsigned max_inside = 6;

    const kernel::Thread* thread = nullptr;
    uint64_t id = 0;
    // A mediator, or the owner of a mutex or the thread that does something for it; one of them.
    const Mediator* mediator = nullptr;
    const kernel::Thread* owner = nullptr;
    bool for_mutex = false;
    const Interposer* inside[max_inside] = {};

    bool is_inside(const Interposer& interposer) const
    {
        for (const auto* candidate : inside) {
            if (candidate == &interposer)
                return true;
        }
        return false;
    }
};

class Snapshot {
public:
    Snapshot() { kernel::for_each_thread(add, this); }

    // Whether some call inside `goal` waits, over any number of steps, for a call that `goal` blocks.
    bool find_cycle(const Mediator& goal)
    {
        for (unsigned i = 0; i < m_count; ++i) {
            if (m_threads[i].is_inside(goal) && reaches(i, goal))
                return true;
        }
        return false;
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
        const auto waits = thread.waiting_on();
        if (!is_edge(waits.kind) || m_count == capacity)
            return;
        auto& blocked = m_threads[m_count++];
        blocked.thread = &thread;
        blocked.id = thread.id();
        blocked.for_mutex = waits.kind == kernel::WaitKind::Mutex;
        if (blocked.for_mutex)
            blocked.owner = static_cast<const kernel::Mutex*>(waits.target)->owner();
        else if (waits.kind == kernel::WaitKind::Thread)
            blocked.owner = static_cast<const kernel::Thread*>(waits.target);
        else
            blocked.mediator = static_cast<const Mediator*>(waits.target);
        thread.call_records.copy_interposers(blocked.inside, BlockedThread::max_inside);
    }

    static bool is_edge(kernel::WaitKind kind)
    {
        return kind == kernel::WaitKind::Mutex || kind == kernel::WaitKind::Mediator || kind == kernel::WaitKind::Thread;
    }

    bool reaches(unsigned index, const Mediator& goal)
    {
        if (m_visited[index])
            return false;
        m_visited[index] = true;
        const auto& blocked = m_threads[index];
        const bool found = blocked.mediator == &goal || any_reaches(blocked, goal);
        if (found)
            print_edge(blocked);
        return found;
    }

    bool any_reaches(const BlockedThread& blocked, const Mediator& goal)
    {
        for (unsigned i = 0; i < m_count; ++i) {
            const bool holds_up = blocked.mediator != nullptr ? m_threads[i].is_inside(*blocked.mediator)
                                                              : m_threads[i].thread == blocked.owner;
            if (holds_up && reaches(i, goal))
                return true;
        }
        return false;
    }

    static void print_edge(const BlockedThread& blocked)
    {
        if (blocked.mediator == nullptr) {
            kernel::print("deadlock: thread %lu waits for a %s", blocked.id, blocked.for_mutex ? "mutex" : "conversion");
            return;
        }
        const auto name = table().name(blocked.mediator->reference());
        kernel::print("deadlock: thread %lu is blocked in front of @%u.%u", blocked.id, name.index, name.sequence);
    }

    BlockedThread m_threads[capacity];
    bool m_visited[capacity] = {};
    unsigned m_count = 0;
};

}

bool deadlocked(const Mediator& mediator)
{
    return Snapshot().find_cycle(mediator);
}

}
