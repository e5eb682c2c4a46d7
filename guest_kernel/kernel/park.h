// Parked calls: a long wait in the form of a queued ticket instead of a thread inside an object.
#pragma once

#include <stdint.h>

#include "kernel/spinlock.h"
#include "kernel/status.h"
#include "kernel/wait_queue.h"

namespace kernel {

class Thread;

enum class TicketState : uint8_t { Idle, Queued, Ready };

// One per thread, preallocated in it. A method that would wait long queues its thread's ticket, keeps the id in its own
// state and returns Status::parked(id); every frame hands that up; the outermost loop waits (OuterLoop::wait), then
// calls again from the top, and the method finds the ticket ready and takes its result. The id is what an object keeps
// and transfers: it names one parking, so a completion that comes too late for a ticket that was given up finds
// nothing.
class Ticket {
public:
    explicit Ticket(Thread& thread) : m_thread(thread) {}
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    // Idle -> queued, under a new id, which is positive and never 0. By its own thread.
    uint64_t queue();
    // Ready -> idle. The result that was given. By its own thread.
    uint64_t take();
    // Queued or ready -> idle: the call is given up; a later completion finds nothing. By its own thread.
    void abandon();

    TicketState state() const;
    // The id under which it is queued or ready; 0 when idle.
    uint64_t id() const;
    // Until it is ready. Outer loops use OuterLoop::wait, which leaves the generation meanwhile.
    void wait();
    // Queued under this id -> ready; false when it is not. The thread exists meanwhile: callers use complete().
    bool finish(uint64_t id, uint64_t result);

private:
    Thread& m_thread;
    // Guards all that follows.
    mutable SpinLock m_lock;
    TicketState m_state = TicketState::Idle;
    uint64_t m_id = 0;
    uint64_t m_result = 0;
    uint64_t m_sequence = 0;
    WaitQueue m_waiter;
};

// Queued -> ready: what the parked call waited for has happened. From any level. NOT_FOUND when that ticket is no
// longer queued or its thread is gone.
Status complete(uint64_t ticket, uint64_t result);

}
