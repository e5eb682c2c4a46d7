#include "workload/job.h"

#include "kernel/thread.h"

namespace workload {

Job& Job::operator=(Job&& other)
{
    const Handle taken = other.m_handle;
    other.m_handle = {};
    if (m_handle)
        m_handle.destroy();
    m_handle = taken;
    return *this;
}

Job::~Job()
{
    if (m_handle)
        m_handle.destroy();
}

Status Job::go_on()
{
    if (!m_handle)
        return {};
    auto& promise = m_handle.promise();
    if (promise.call != nullptr)
        promise.call->make();
    for (;;) {
        if (promise.call != nullptr && promise.call->parked())
            return promise.call->status();
        if (promise.call != nullptr && !promise.call->answered()) {
            promise.answer = {promise.call->required(), promise.call->status()};
            return {};
        }
        promise.call = nullptr;
        m_handle.resume();
        if (m_handle.done())
            return {};
    }
}

Answer Job::answer() const
{
    return m_handle ? m_handle.promise().answer : Answer{"begin", Code::NO_MEMORY};
}

void leave_ticket_idle()
{
    auto& ticket = kernel::current_thread()->ticket();
    if (ticket.state() != kernel::TicketState::Idle)
        ticket.abandon();
}

}
