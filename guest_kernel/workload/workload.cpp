#include "workload/workload.h"

#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/generation.h"
#include "kernel/spinlock.h"
#include "kernel/text.h"
#include "kernel/thread.h"

namespace workload {

namespace {

// Guards the list. Innermost.
kernel::SpinLock list_lock;
Workload* workloads = nullptr;

}

void KindFigures::add(const KindFigures& other)
{
    done += other.done;
    wrong += other.wrong;
    refused += other.refused;
    parked += other.parked;
    longest_ns = other.longest_ns > longest_ns ? other.longest_ns : longest_ns;
}

Status Workload::start(const Parameters& parameters)
{
    if (m_started && !ended())
        return Code::BUSY;
    const uint64_t count = parameters.clients == 0 ? arch::cpu_count() : parameters.clients;
    if (count > max_clients)
        return Code::INVALID;
    TRY(prepare(parameters));
    m_started = true;
    m_stop = false;
    m_ended.clear();
    m_operations_each = parameters.operations;
    m_count = static_cast<unsigned>(count);
    // One more than there are clients: the last to end is whoever finds nobody left, the starter included.
    m_running = count + 1;
    for (auto& gap : m_gaps)
        gap = {};
    m_started_ns = kernel::now_ns();
    m_ended_ns = 0;
    arch::notify(abi::Stage::WORKLOAD_STARTED);
    const Status status = start_clients(parameters);
    client_ended();
    return status;
}

Status Workload::start_clients(const Parameters& parameters)
{
    Status status;
    for (unsigned i = 0; i < m_count; ++i) {
        auto& client = m_clients[i];
        const unsigned cpu = i % arch::cpu_count();
        client = {this, i, cpu, Random(parameters.seed + i * 0x1000193)};
        if (status.ok()) {
            const kernel::ThreadOptions options{"client", client_priority, static_cast<int>(cpu), true};
            status = kernel::status_of(
                kernel::Thread::create(options, client_entry, reinterpret_cast<uint64_t>(&client)));
        }
        if (!status.ok())
            client_ended();
    }
    if (!status.ok())
        stop();
    return status;
}

void Workload::client_entry(uint64_t argument)
{
    auto& client = *reinterpret_cast<Client*>(argument);
    kernel::OuterLoop loop;
    auto& ticket = kernel::current_thread()->ticket();
    while (client.phase != ClientPhase::Ended) {
        if (client.workload->go_on(client).is_parked())
            loop.wait(ticket);
        else
            loop.pass();
    }
    client.workload->client_ended();
}

Status Workload::go_on(Client& client)
{
    switch (client.phase) {
    case ClientPhase::Entering: {
        const Status status = enter(client);
        if (status.is_parked())
            return status;
        client.errors += !status.ok();
        client.phase = status.ok() ? ClientPhase::Working : ClientPhase::Ended;
        return {};
    }
    case ClientPhase::Working:
        return work(client);
    case ClientPhase::Leaving: {
        const Status status = leave(client);
        if (status.is_parked())
            return status;
        client.errors += !status.ok();
        client.phase = ClientPhase::Ended;
        return {};
    }
    case ClientPhase::Ended:
        break;
    }
    return {};
}

Status Workload::work(Client& client)
{
    const Status status = run_job(client);
    if (status.is_parked())
        return status;
    count(client, status.ok());
    const bool done = m_operations_each != 0 && client.operations >= m_operations_each;
    if (done || __atomic_load_n(&m_stop, __ATOMIC_RELAXED))
        client.phase = ClientPhase::Leaving;
    return {};
}

void Workload::count(Client& client, bool right)
{
    __atomic_store_n(&client.operations, client.operations + 1, __ATOMIC_RELAXED);
    if (!right)
        __atomic_store_n(&client.errors, client.errors + 1, __ATOMIC_RELAXED);
    // The clients of a CPU take turns; one that is preempted here makes a gap look shorter by what it missed, never
    // longer.
    auto& gap = m_gaps[client.cpu];
    const uint64_t now = kernel::now_ns();
    if (gap.last_ns != 0 && now > gap.last_ns && now - gap.last_ns > gap.longest_ns)
        gap.longest_ns = now - gap.last_ns;
    gap.last_ns = now;
}

void Workload::client_ended()
{
    if (__atomic_sub_fetch(&m_running, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    m_ended_ns = kernel::now_ns();
    if (!verify(totals()))
        ++m_clients[0].errors;
    m_ended.signal();
    arch::notify(abi::Stage::WORKLOAD_ENDED);
}

Totals Workload::totals() const
{
    Totals totals;
    // Whoever ends last still verifies: until that is done, the sums are not final.
    const uint64_t running = __atomic_load_n(&m_running, __ATOMIC_ACQUIRE);
    totals.running = running == 0 && m_started && !ended() ? 1 : running;
    for (unsigned i = 0; i < m_count; ++i) {
        totals.operations += __atomic_load_n(&m_clients[i].operations, __ATOMIC_RELAXED);
        totals.errors += __atomic_load_n(&m_clients[i].errors, __ATOMIC_RELAXED);
    }
    return totals;
}

uint64_t Workload::elapsed_ns() const
{
    const uint64_t ended_ns = __atomic_load_n(&m_ended_ns, __ATOMIC_RELAXED);
    return (ended_ns == 0 ? kernel::now_ns() : ended_ns) - m_started_ns;
}

Gap Workload::gap(unsigned cpu) const
{
    return m_gaps[cpu];
}

Workload* find(const char* name)
{
    kernel::SpinGuard guard(list_lock);
    auto* workload = workloads;
    while (workload != nullptr && !kernel::equal(workload->name(), name))
        workload = workload->next;
    return workload;
}

void add(Workload& workload)
{
    kernel::SpinGuard guard(list_lock);
    workload.next = workloads;
    workloads = &workload;
}

void for_each(void (*visit)(Workload&, void*), void* context)
{
    for (auto* workload = workloads; workload != nullptr; workload = workload->next)
        visit(*workload, context);
}

}
