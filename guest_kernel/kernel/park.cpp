#include "kernel/park.h"

#include "kernel/panic.h"
#include "kernel/thread.h"

namespace kernel {

namespace {

// An id is the thread's, then the number of the parking: after 2^32 of one thread they repeat.
constexpr unsigned sequence_bits = 32;
constexpr uint64_t sequence_mask = (uint64_t{1} << sequence_bits) - 1;

}

uint64_t Ticket::queue()
{
    ASSERT(&m_thread == current_thread());
    SpinGuard guard(m_lock);
    ASSERT(m_state == TicketState::Idle);
    m_state = TicketState::Queued;
    m_sequence = (m_sequence + 1) & sequence_mask;
    m_id = m_thread.id() << sequence_bits | m_sequence;
    return m_id;
}

uint64_t Ticket::take()
{
    ASSERT(&m_thread == current_thread());
    SpinGuard guard(m_lock);
    ASSERT(m_state == TicketState::Ready);
    m_state = TicketState::Idle;
    m_id = 0;
    return m_result;
}

void Ticket::abandon()
{
    ASSERT(&m_thread == current_thread());
    SpinGuard guard(m_lock);
    m_state = TicketState::Idle;
    m_id = 0;
}

TicketState Ticket::state() const
{
    SpinGuard guard(m_lock);
    return m_state;
}

uint64_t Ticket::id() const
{
    SpinGuard guard(m_lock);
    return m_id;
}

void Ticket::wait()
{
    SpinGuard guard(m_lock);
    ASSERT(m_state != TicketState::Idle);
    while (m_state != TicketState::Ready)
        m_waiter.wait(guard);
}

bool Ticket::finish(uint64_t id, uint64_t result)
{
    SpinGuard guard(m_lock);
    if (m_state != TicketState::Queued || m_id != id)
        return false;
    m_state = TicketState::Ready;
    m_result = result;
    m_waiter.wake_all();
    return true;
}

Status complete(uint64_t ticket, uint64_t result)
{
    struct Completion {
        uint64_t ticket;
        uint64_t result;
        bool found;
    } completion{ticket, result, false};
    const Status status = with_thread(
        ticket >> sequence_bits,
        [](Thread& thread, void* context) {
            auto* wanted = static_cast<Completion*>(context);
            wanted->found = thread.ticket().finish(wanted->ticket, wanted->result);
        },
        &completion);
    if (!status.ok() || !completion.found)
        return Code::NOT_FOUND;
    return {};
}

}
