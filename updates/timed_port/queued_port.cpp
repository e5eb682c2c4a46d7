#include "queued_port.h"

#include "kernel/clock.h"
#include "kernel/text.h"
#include "kernel/trace.h"

namespace services::v2 {

using kernel::Code;
using kernel::Result;
using kernel::SpinGuard;
using kernel::Status;
using kernel::Ticket;

namespace {

// (ns that the message has lain in the port, messages that are still in it)
kernel::TracePoint received_point{"port.received"};

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

// By its text: module and kernel have copies of their own.
bool is_timed(const objects::Format& format)
{
    return kernel::equal(format.name, timed_port_formats[0].name);
}

}

constinit objects::FactoryMadeClass QueuedPort::descriptor
    = objects::factory_class<QueuedPortRoot>("QueuedPort", "Port", 2);

QueuedPort::QueuedPort(objects::Root& root, Creation creation) : Rep(root)
{
    m_state.port.capacity = creation.capacity < PortState::max_capacity ? creation.capacity : PortState::max_capacity;
}

// Nobody calls any more; who still waits calls again and finds the port gone.
QueuedPort::~QueuedPort()
{
    m_state.port.senders.complete_all();
    m_state.port.receivers.complete_all();
}

Status QueuedPort::send(const Message* message, Ticket* ticket)
{
    end_waiting(*ticket);
    SpinGuard guard(m_lock);
    auto& port = m_state.port;
    if (port.full())
        return park(port.senders, *ticket);
    const uint64_t slot = port.sent++ % PortState::max_capacity;
    port.messages[slot] = *message;
    m_state.sent_ns[slot] = kernel::now_ns();
    port.receivers.complete_one();
    return {};
}

Status QueuedPort::receive(Message* message, Ticket* ticket)
{
    end_waiting(*ticket);
    SpinGuard guard(m_lock);
    auto& port = m_state.port;
    if (port.empty())
        return park(port.receivers, *ticket);
    const uint64_t slot = port.received++ % PortState::max_capacity;
    *message = port.messages[slot];
    received_point.note(kernel::now_ns() - m_state.sent_ns[slot], port.sent - port.received);
    port.senders.complete_one();
    return {};
}

Result<uint64_t> QueuedPort::sent()
{
    SpinGuard guard(m_lock);
    return m_state.port.sent;
}

Result<uint64_t> QueuedPort::received()
{
    SpinGuard guard(m_lock);
    return m_state.port.received;
}

Status QueuedPortRoot::export_state(
    const objects::Format& format, objects::TransferSite site, objects::TransferArena& arena) const
{
    if (!site.first())
        return {};
    if (is_timed(format))
        *TRY(arena.place<const TimedPortState*>(site.cpu)) = &m_rep.m_state;
    else
        *TRY(arena.place<const PortState*>(site.cpu)) = &m_rep.m_state.port;
    return {};
}

Status QueuedPortRoot::import_state(
    const objects::Format& format, objects::TransferSite site, const objects::Parcel& parcel)
{
    if (!site.first())
        return {};
    if (is_timed(format))
        m_timed = *parcel.as<const TimedPortState*>();
    else
        m_untimed = *parcel.as<const PortState*>();
    return {};
}

// A message that comes without a time counts as sent now: how long it lay before nobody knows.
void QueuedPortRoot::commit_import()
{
    auto& state = m_rep.m_state;
    if (m_timed != nullptr) {
        state = *m_timed;
        return;
    }
    state.port = *m_untimed;
    const uint64_t now = kernel::now_ns();
    for (auto& sent : state.sent_ns)
        sent = now;
}

// The tickets and messages are the new object's now.
void QueuedPortRoot::relinquish()
{
    m_rep.m_state = {};
}

}
