#include "objects/hot_swap.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/generation.h"
#include "kernel/guarded.h"
#include "kernel/thread.h"
#include "kernel/trace.h"
#include "objects/adaptors.h"
#include "objects/class_limit.h"
#include "objects/counted_scope.h"
#include "objects/instance_set.h"
#include "objects/priorities.h"
#include "objects/wait_graph.h"

namespace objects {

namespace {

// How long the leader sleeps in a block phase before it looks for a deadlock.
constexpr uint64_t look_interval_ns = kernel::millisecond;

uint64_t next_swap_id = 1;
SwapListener* the_listener = nullptr;
// (swap id, Phase)
kernel::TracePoint phase_point{"swap.phase"};

}

class HotSwap::Export final : public TransferStep {
public:
    explicit Export(HotSwap& swap) : m_swap(swap) {}
    Status run_on(unsigned cpu) override
    {
        auto& times = m_swap.m_times[cpu][static_cast<unsigned>(Phase::Transfer)];
        times.start_ns = kernel::now_ns();
        const Status status = m_swap.m_conversion.export_on(cpu);
        times.end_ns = kernel::now_ns();
        return status;
    }

private:
    HotSwap& m_swap;
};

class HotSwap::Import final : public TransferStep {
public:
    explicit Import(HotSwap& swap) : m_swap(swap) {}
    Status run_on(unsigned cpu) override
    {
        const Status status = m_swap.m_conversion.import_on(cpu);
        m_swap.m_times[cpu][static_cast<unsigned>(Phase::Transfer)].end_ns = kernel::now_ns();
        return status;
    }

private:
    HotSwap& m_swap;
};

void set_swap_listener(SwapListener* listener)
{
    __atomic_store_n(&the_listener, listener, __ATOMIC_RELEASE);
}

HotSwap::HotSwap(Reference reference, kernel::Owned<Root> replacement, const SwapOptions& options)
    : m_mediator(*this, reference), m_options(options), m_id(__atomic_fetch_add(&next_swap_id, 1, __ATOMIC_RELAXED)),
      m_reference_now(reference)
{
    m_conversion.adopt(static_cast<kernel::Owned<Root>&&>(replacement));
}

HotSwap::~HotSwap()
{
    if (m_adapted != nullptr)
        adaptors().conclude(*m_adapted);
}

Result<HotSwap*> HotSwap::start(Reference reference, kernel::Owned<Root> replacement, const SwapOptions& options)
{
    CountedScope keeps_the_old_root;
    kernel::Owned<HotSwap> swap(kernel::make<HotSwap>(
        kernel::Tag::Interposer, table().canonical(reference), static_cast<kernel::Owned<Root>&&>(replacement), options));
    if (!swap)
        return Code::NO_MEMORY;
    TRY(prepare_guarded(*swap));
    const kernel::ThreadOptions leader{"swap", swap_priority, -1, false};
    TRY(kernel::Thread::create(leader, leader_entry, reinterpret_cast<uint64_t>(swap.get())));
    // From here on the leader owns one of the two references, and frees the swap if it cannot begin.
    HotSwap* started = swap.release();
    // Another swap may have come and gone since the old root was looked up.
    const auto interposed = table().interpose(started->m_mediator, started->m_conversion.old_root());
    started->m_interposed = interposed.ok();
    started->m_used = interposed.value();
    started->m_go.signal();
    if (interposed.ok())
        return started;
    started->release();
    return interposed.status();
}

// The class may be a module's, and its requester a guarded call.
Status HotSwap::prepare_guarded(HotSwap& swap)
{
    const kernel::GuardLimit class_limit(class_limit_ns);
    const kernel::IfAbandoned freed(
        [](uint64_t what) { kernel::destroy(reinterpret_cast<HotSwap*>(what)); }, reinterpret_cast<uint64_t>(&swap));
    return swap.prepare();
}

// Everything that can fail for want of memory, before the first call meets the mediator.
Status HotSwap::prepare()
{
    Root* old = table().root(reference());
    if (old == nullptr)
        return Code::GONE;
    const bool adapted = m_options.adaptor != nullptr || m_options.group != nullptr;
    TRY(m_conversion.prepare(*old, adapted));
    if (adapted)
        TRY(prepare_adaptor());
    return m_team.assemble(m_options.time_limit_ns);
}

Status HotSwap::prepare_adaptor()
{
    if (m_options.group != nullptr)
        m_adapted = TRY(adaptors().prepare(reference(), *m_options.group));
    else
        m_adapted = TRY(adaptors().prepare(reference(), *m_options.adaptor, m_options.back_to));
    return adaptors().put_gate(*m_adapted, m_mediator);
}

void HotSwap::leader_entry(uint64_t argument)
{
    reinterpret_cast<HotSwap*>(argument)->lead();
}

void HotSwap::lead()
{
    m_go.wait();
    if (m_interposed) {
        begin(Phase::Forward);
        finish(run_phases());
    } else {
        m_team.dismiss();
    }
    // The signal is the leader's last use of the swap: the requester may free it as soon as it has seen it.
    if (take_custody(Custody::LeaderDone))
        m_finished.signal();
    else
        free();
}

Status HotSwap::run_phases()
{
    // Afterwards nobody is inside who came before the mediator: everyone inside is tracked.
    if (m_used)
        kernel::generations().wait_for_all_cpus();
    const uint64_t deadline = kernel::now_ns() + m_options.time_limit_ns;
    Status status = Code::CANCELLED;
    for (unsigned attempt = 0; attempt < m_options.attempts; ++attempt) {
        status = block_and_transfer(deadline);
        if (status.code() != Code::DEADLOCK && status.code() != Code::TOO_LARGE)
            return status;
        retreat();
        if (status.code() == Code::TOO_LARGE)
            TRY(m_conversion.make_room());
        // What held the object up needs time to pass.
        kernel::sleep_until(kernel::now_ns() + look_interval_ns);
    }
    return status;
}

Status HotSwap::block_and_transfer(uint64_t deadline_ns)
{
    TRY(verdict());
    if (!m_mediator.advance(Phase::Forward, Phase::Block))
        return verdict();
    begin(Phase::Block);
    TRY(reach_quiescence(deadline_ns));
    if (!m_mediator.advance(Phase::Block, Phase::Transfer))
        return verdict();
    begin(Phase::Transfer);
    TRY(transfer());
    if (!decide(committed))
        return verdict();
    commit();
    return {};
}

Status HotSwap::reach_quiescence(uint64_t deadline_ns)
{
    while (!m_mediator.quiescent()) {
        TRY(verdict());
        if (m_mediator.overflowed())
            return Code::UNSUPPORTED;
        const uint64_t now = kernel::now_ns();
        if (now >= deadline_ns)
            return Code::TIMED_OUT;
        if (deadlocked(m_mediator))
            return Code::DEADLOCK;
        m_mediator.wait_for_departure(now + look_interval_ns < deadline_ns ? now + look_interval_ns : deadline_ns);
    }
    return {};
}

// Nobody is inside and nobody enters.
Status HotSwap::transfer()
{
    m_conversion.freeze();
    Export exporting(*this);
    TRY(m_team.run(cpus(), exporting));
    Import importing(*this);
    return m_team.run(cpus(), importing);
}

void HotSwap::commit()
{
    begin(Phase::Completed);
    Root& replacement = m_conversion.hand_over();
    if (m_adapted != nullptr) {
        m_reference_now = Adaptors::new_reference(*m_adapted);
        // With a mediator it cannot fail.
        adaptors().commit(*m_adapted, &m_mediator, replacement).ignore();
    } else {
        change_class(reference(), old_class(), new_class());
        table().replace_root(m_mediator, replacement);
    }
    m_mediator.advance(Phase::Transfer, Phase::Completed);
}

// Back to forward: the blocked calls go through, tracked.
void HotSwap::retreat()
{
    if (m_mediator.advance(Phase::Transfer, Phase::Forward) || m_mediator.advance(Phase::Block, Phase::Forward))
        begin(Phase::Forward);
}

Status HotSwap::abort(Code reason)
{
    if (!decide(static_cast<int64_t>(reason)))
        return verdict().ok() ? Status(Code::REFUSED) : Status();
    // During a transfer only the leader may let the callers into the old object, for it is being exported. It finds the
    // verdict when it wants to commit.
    if (m_mediator.advance(Phase::Forward, Phase::Abandoned) || m_mediator.advance(Phase::Block, Phase::Abandoned))
        send_callers_back();
    m_mediator.interrupt_wait();
    return {};
}

// By the leader, by who aborts, or by both.
void HotSwap::send_callers_back()
{
    table().remove(m_mediator);
    m_mediator.send_back();
}

void HotSwap::finish(Status outcome)
{
    if (!outcome.ok()) {
        decide(outcome.raw());
        send_callers_back();
    }
    m_outcome = outcome.ok() ? outcome : verdict();
    // Threads that loaded the mediator's face, or are inside the old object, were counted before this.
    kernel::generations().wait_for_all_cpus();
    m_counts = m_mediator.counts();
    const uint64_t now = kernel::now_ns();
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        auto& complete = m_times[cpu][static_cast<unsigned>(Phase::Completed)];
        complete.end_ns = complete.start_ns == 0 ? 0 : now;
    }
    clean_up();
    // It may have been the last caller of an old interface.
    adaptors().look_again();
    if (auto* listener = __atomic_load_n(&the_listener, __ATOMIC_ACQUIRE))
        listener->swap_ended(*this);
}

void HotSwap::clean_up()
{
    m_team.dismiss();
    if (m_adapted != nullptr)
        adaptors().conclude(*m_adapted);
    m_adapted = nullptr;
    CountedScope calls_the_page_allocator;
    if (m_outcome.ok())
        kernel::destroy(m_conversion.old_root());
    m_conversion.discard();
}

Status HotSwap::wait()
{
    m_finished.wait();
    return m_outcome;
}

void HotSwap::release()
{
    if (take_custody(Custody::RequesterGone))
        return;
    m_finished.wait();
    free();
}

// True for the first of the two.
bool HotSwap::take_custody(Custody custody)
{
    auto both = static_cast<uint8_t>(Custody::Both);
    return __atomic_compare_exchange_n(
        &m_custody, &both, static_cast<uint8_t>(custody), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void HotSwap::free()
{
    CountedScope calls_the_page_allocator;
    kernel::destroy(this);
}

bool HotSwap::decide(int64_t verdict)
{
    int64_t expected = undecided;
    return __atomic_compare_exchange_n(&m_verdict, &expected, verdict, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

// Success while nothing speaks against the swap.
Status HotSwap::verdict() const
{
    const int64_t verdict = __atomic_load_n(&m_verdict, __ATOMIC_ACQUIRE);
    return verdict == undecided ? Status() : Status::from_raw(verdict);
}

// Ends the phase that the CPUs are in and starts the next one.
void HotSwap::begin(Phase phase)
{
    const uint64_t now = kernel::now_ns();
    const auto index = static_cast<unsigned>(phase);
    phase_point.note(m_id, index);
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        for (unsigned other = 0; other < logged_phases; ++other) {
            auto& times = m_times[cpu][other];
            if (other != index && times.start_ns != 0 && times.end_ns == 0)
                times.end_ns = now;
        }
        // In a transfer, those that take part note their times themselves.
        if (phase != Phase::Transfer)
            m_times[cpu][index] = {now, 0};
    }
    if (auto* listener = __atomic_load_n(&the_listener, __ATOMIC_ACQUIRE))
        listener->phase_began(*this, phase);
}

HotSwap* swap_of(Reference reference)
{
    auto* interposer = table().innermost(reference);
    if (interposer == nullptr || interposer->rank() != Rank::Mediator)
        return nullptr;
    return &static_cast<Mediator*>(interposer)->swap();
}

}
