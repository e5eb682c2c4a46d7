#include "services/message/waiting_tickets.h"

#include "kernel/park.h"

namespace services {

uint64_t WaitingTickets::take()
{
    const uint64_t ticket = m_tickets[m_first];
    m_first = (m_first + 1) % capacity;
    --m_count;
    return ticket;
}

void WaitingTickets::complete_one()
{
    while (!empty()) {
        if (kernel::complete(take(), 0).ok())
            return;
    }
}

void WaitingTickets::complete_all()
{
    while (!empty())
        kernel::complete(take(), 0).ignore();
}

}
