#include "services/message/queued_port.h"

#include "objects/standard_class.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::SpinGuard;
using kernel::Status;
using kernel::Ticket;

namespace {

// The call is made again after it was parked: what it waited for may be over by now, so it looks for itself.
void end_waiting(Ticket& ticket)
{
    if (ticket.state() == kernel::TicketState::Ready)
        ticket.take();
}

Status park(WaitingTickets& waiting, Ticket& ticket)
{
    if (waiting.full())
        return Code::NO_MEMORY;
    const uint64_t id = ticket.queue();
    waiting.add(id);
    return Status::parked(id);
}

}

inline namespace v1 {

constinit objects::FactoryMadeClass QueuedPort::descriptor
    = objects::factory_class<QueuedPortRoot>("QueuedPort", "Port", 1);

QueuedPort::QueuedPort(objects::Root& root, Creation creation) : Rep(root)
{
    m_state.capacity = creation.capacity < PortState::max_capacity ? creation.capacity : PortState::max_capacity;
}

// Nobody calls any more; who still waits calls again and finds the port gone.
QueuedPort::~QueuedPort()
{
    m_state.senders.complete_all();
    m_state.receivers.complete_all();
}

Status QueuedPort::send(const Message* message, Ticket* ticket)
{
    end_waiting(*ticket);
    SpinGuard guard(m_lock);
    if (m_state.full())
        return park(m_state.senders, *ticket);
    m_state.messages[m_state.sent++ % PortState::max_capacity] = *message;
    m_state.receivers.complete_one();
    return {};
}

Status QueuedPort::receive(Message* message, Ticket* ticket)
{
    end_waiting(*ticket);
    SpinGuard guard(m_lock);
    if (m_state.empty())
        return park(m_state.receivers, *ticket);
    *message = m_state.messages[m_state.received++ % PortState::max_capacity];
    m_state.senders.complete_one();
    return {};
}

Result<uint64_t> QueuedPort::sent()
{
    SpinGuard guard(m_lock);
    return m_state.sent;
}

Result<uint64_t> QueuedPort::received()
{
    SpinGuard guard(m_lock);
    return m_state.received;
}

Status QueuedPortRoot::export_state(
    const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const
{
    if (site.first())
        *TRY(arena.place<const PortState*>(site.cpu)) = &m_rep.m_state;
    return {};
}

Status QueuedPortRoot::import_state(const objects::Format&, objects::TransferSite, const objects::Parcel& parcel)
{
    if (const auto* state = parcel.as<const PortState*>())
        m_imported = *state;
    return {};
}

void QueuedPortRoot::commit_import()
{
    m_rep.m_state = *m_imported;
    m_imported = nullptr;
}

// The tickets and messages are the new object's now.
void QueuedPortRoot::relinquish()
{
    m_rep.m_state = {};
}

static const objects::ClassRegistration registration(QueuedPort::descriptor);

}

}
