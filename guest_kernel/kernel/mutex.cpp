#include "kernel/mutex.h"

#include "kernel/inheritance.h"
#include "kernel/panic.h"
#include "kernel/scheduler.h"
#include "kernel/thread.h"

namespace kernel {

namespace {

constexpr uint64_t contended_bit = 1;
constinit SpinLock graph_lock;

uint64_t word_of(const Thread& thread)
{
    return reinterpret_cast<uint64_t>(&thread);
}

}

SpinLock& wait_graph_lock()
{
    return graph_lock;
}

Thread* Mutex::owner() const
{
    return reinterpret_cast<Thread*>(__atomic_load_n(&m_owner, __ATOMIC_ACQUIRE) & ~contended_bit);
}

bool Mutex::try_lock()
{
    Thread& thread = *current_thread();
    uint64_t expected = 0;
    if (!__atomic_compare_exchange_n(&m_owner, &expected, word_of(thread), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    ++thread.m_mutexes_held;
    return true;
}

void Mutex::lock()
{
    assert_may_block();
    if (!try_lock()) [[unlikely]]
        lock_contended(*current_thread());
}

void Mutex::lock_contended(Thread& thread)
{
    SpinGuard graph(graph_lock);
    uint64_t seen = 0;
    // Either it has become free and is taken now, or the owner is told, by the bit, to unlock the slow way.
    for (;;) {
        const uint64_t wanted = seen == 0 ? word_of(thread) : seen | contended_bit;
        if (__atomic_compare_exchange_n(&m_owner, &seen, wanted, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            break;
    }
    ++thread.m_mutexes_held;
    if (seen == 0)
        return;
    Thread& holder = *owner();
    ASSERT(&holder != &thread);
    thread.begin_wait({WaitKind::Mutex, this});
    m_waiters.append(thread);
    if (!held_link.linked)
        holder.m_contended.append(*this);
    Inheritance::update(holder);
    Scheduler::mark(ThreadState::Blocked);
    // Interrupts stay off until the switch: see WaitQueue::wait_as.
    graph.release();
    Scheduler::switch_thread();
    graph.acquire();
    ASSERT(owner() == &thread);
}

void Mutex::unlock()
{
    Thread& thread = *current_thread();
    ASSERT(owner() == &thread);
    --thread.m_mutexes_held;
    uint64_t expected = word_of(thread);
    if (!__atomic_compare_exchange_n(&m_owner, &expected, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) [[unlikely]]
        unlock_contended(thread);
}

void Mutex::unlock_contended(Thread& thread)
{
    SpinGuard graph(graph_lock);
    Thread* next = m_waiters.take_best();
    ASSERT(next != nullptr);
    thread.m_contended.remove(*this);
    next->m_waiting_on = {};
    uint64_t word = word_of(*next);
    if (!m_waiters.empty()) {
        word |= contended_bit;
        next->m_contended.append(*this);
    }
    __atomic_store_n(&m_owner, word, __ATOMIC_RELEASE);
    Inheritance::update(*next);
    Scheduler::wake(*next);
    Inheritance::update(thread);
}

}
