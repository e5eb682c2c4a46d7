#include "objects/transition.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/format.h"
#include "kernel/generation.h"
#include "kernel/thread.h"
#include "objects/adaptors.h"
#include "objects/class_limit.h"
#include "objects/counted_scope.h"
#include "objects/priorities.h"
#include "objects/idle_conversion.h"
#include "objects/interface_change.h"
#include "objects/lazy.h"
#include "objects/marking_team.h"
#include "objects/standard_factory.h"

namespace objects {

namespace {

// How often it is looked how far the converters are.
constexpr uint64_t look_interval_ns = 200 * kernel::microsecond;
// How often it is looked whether a step takes too long: at least that often, and more often for a short limit.
constexpr uint64_t longest_watch_interval_ns = 100 * kernel::millisecond;
constexpr unsigned looks_in_a_limit = 4;

// One transition of a class at a time.
class Claim {
public:
    Claim(ClassRecord& record, Transition& transition) : m_record(record)
    {
        Transition* none = nullptr;
        m_held = __atomic_compare_exchange_n(
            &record.transition, &none, &transition, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    ~Claim()
    {
        if (m_held)
            __atomic_store_n(&m_record.transition, nullptr, __ATOMIC_RELEASE);
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    bool held() const { return m_held; }

private:
    ClassRecord& m_record;
    bool m_held;
};

// This thread has at least that priority for so long.
class [[nodiscard]] PriorityScope {
public:
    explicit PriorityScope(unsigned priority) : m_before(kernel::current_thread()->base_priority())
    {
        if (priority > m_before)
            kernel::current_thread()->set_base_priority(priority);
    }
    ~PriorityScope() { kernel::current_thread()->set_base_priority(m_before); }
    PriorityScope(const PriorityScope&) = delete;
    PriorityScope& operator=(const PriorityScope&) = delete;

private:
    unsigned m_before;
};

Result<Root*> make_factory(const ClassDescriptor& product)
{
    CountedScope calls_the_page_allocator;
    const kernel::GuardLimit class_limit(class_limit_ns);
    const kernel::GuardedFrame calls_the_class;
    return product.factory->make_root();
}

}

Transition::Transition(Update& update, ClassChange& change, Direction direction, const TransitionOptions& options)
    : m_update(update), m_change(change), m_direction(direction), m_options(options)
{
}

const char* Transition::name_of(Step step)
{
    switch (step) {
    case Step::Factory: return "factory";
    case Step::Mark: return "mark";
    case Step::Convert: return "convert";
    case Step::CleanUp: return "clean-up";
    }
    return "unknown";
}

const ClassDescriptor& Transition::target() const
{
    return m_direction == Direction::Forward ? *m_change.to : *m_change.from;
}

Status Transition::run()
{
    const Claim claim(*m_change.record, *this);
    if (!claim.held())
        return Code::BUSY;
    enter(Step::Factory);
    const kernel::GuardedOptions options{"transition", kernel::unlimited_ns, transition_priority};
    const unsigned cpu = kernel::current_thread()->cpu();
    {
        CountedScope calls_the_page_allocator;
        TRY(kernel::start_guarded(options, cpu, work, reinterpret_cast<uint64_t>(this), work_ended));
    }
    const Status status = supervise();
    adaptors().look_again();
    return status;
}

Status Transition::work(uint64_t self)
{
    return reinterpret_cast<Transition*>(self)->carry_out();
}

// The signal is the worker's last use of it.
void Transition::work_ended(uint64_t self, const kernel::GuardedOutcome& outcome)
{
    auto& transition = *reinterpret_cast<Transition*>(self);
    transition.m_outcome = outcome.status;
    transition.m_finished.signal();
}

Status Transition::supervise()
{
    const PriorityScope above_what_it_watches(watch_priority);
    const uint64_t part = m_options.step_limit_ns / looks_in_a_limit;
    const uint64_t interval = part < longest_watch_interval_ns ? part : longest_watch_interval_ns;
    while (!m_finished.wait_until(kernel::now_ns() + interval).ok())
        check_time();
    return m_outcome;
}

// Told once for each step; forward it is also the end of the update.
void Transition::check_time()
{
    const uint64_t since = __atomic_load_n(&m_step_since_ns, __ATOMIC_ACQUIRE);
    if (since == m_told_ns || kernel::now_ns() < since + m_options.step_limit_ns)
        return;
    m_told_ns = since;
    const auto step = static_cast<Step>(__atomic_load_n(&m_step, __ATOMIC_ACQUIRE));
    updates().tell_stalled(m_update, name_of(step), since);
    if (m_direction == Direction::Forward && m_update.cancel(Code::TIMED_OUT)) {
        updates().advance(m_update, UpdateState::Applying, UpdateState::Cancelling);
        give_up_conversions_of(m_update);
        abort_swaps_of(m_update, Code::TIMED_OUT);
    }
}

void Transition::enter(Step step)
{
    __atomic_store_n(&m_step, static_cast<uint8_t>(step), __ATOMIC_RELEASE);
    __atomic_store_n(&m_step_since_ns, kernel::now_ns(), __ATOMIC_RELEASE);
}

Status Transition::carry_out()
{
    TRY(swap_factory());
    TRY(mark_instances());
    TRY(convert_instances());
    enter(Step::CleanUp);
    kernel::generations().wait_for_all_cpus();
    if (m_direction == Direction::Back)
        end_interface_change(m_change);
    return cancelled() ? m_update.verdict() : Status();
}

SwapOptions Transition::swap_options() const
{
    SwapOptions options;
    options.time_limit_ns = m_options.step_limit_ns;
    options.update = m_update.id;
    options.takes_back = m_direction == Direction::Back;
    return options;
}

Result<HotSwap*> Transition::start_factory_swap()
{
    kernel::Owned<Root> factory(TRY(make_factory(target())));
    return HotSwap::start(m_change.record->factory, static_cast<kernel::Owned<Root>&&>(factory), swap_options());
}

// What cannot be undone is decided before it begins: from here on a cancel is refused.
Status Transition::swap_factory()
{
    if (m_direction == Direction::Forward && !m_update.can_be_undone())
        m_update.commit();
    if (cancelled())
        return m_update.verdict();
    TRY(begin_interface_change(m_change, m_direction == Direction::Forward));
    HotSwap* swap = TRY(start_factory_swap());
    const Status outcome = swap->wait();
    swap->release();
    TRY(outcome);
    m_change.epoch = m_change.record->epoch;
    m_change.converted_before = m_change.record->lazy.counts().converted;
    // Also on the way back: until the last instance is converted both versions are there.
    m_change.in_service = true;
    if (m_direction == Direction::Forward)
        follow_default(*m_change.record, *m_change.from->interface, *m_change.to->interface);
    updates().tell_progress(m_update);
    return {};
}

// What could not be brought to another aim may well be brought to this one. Whoever was on the way there was counted
// before the factory was swapped, and is done.
void Transition::forget_failures()
{
    auto& set = *m_change.record->instance_set();
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        ReferenceName names[InstanceSet::batch];
        while (const unsigned count = set.first(cpu, InstanceList::Failed, names)) {
            for (unsigned i = 0; i < count; ++i)
                set.move(names[i], InstanceList::Old).ignore();
        }
    }
}

// What an earlier change has marked and left is sorted anew: the aim is another one.
Status Transition::mark_instances()
{
    enter(Step::Mark);
    forget_failures();
    auto& record = *m_change.record;
    record.lazy.begin_change(m_options.step_limit_ns);
    MarkingTeam team(record);
    TRY(team.assemble());
    if (m_direction == Direction::Back)
        team.run(unmark_home);
    begin_marking(record);
    team.run(mark_home);
    put_marks_in_force(record);
    updates().tell_progress(m_update);
    return cancelled() ? m_update.verdict() : Status();
}

// Of a lazy update those that were called too early are done now, for they are the only ones still called in the old
// version.
Status Transition::convert_instances()
{
    enter(Step::Convert);
    const auto marked = m_options.lazy ? Converters::Marked::Leave : Converters::Marked::Convert;
    Converters converters(*m_change.record, swap_options());
    {
        CountedScope calls_the_page_allocator;
        TRY(converters.start(converter_priority, marked));
    }
    TRY(await_converters(converters));
    if (m_options.lazy)
        convert_in_idle_time();
    if (m_direction == Direction::Back)
        m_change.in_service = false;
    return {};
}

Status Transition::await_converters(Converters& converters)
{
    uint64_t seen = 0;
    Status status;
    while (status.ok() && !converters.ended()) {
        kernel::sleep_until(kernel::now_ns() + look_interval_ns);
        status = cancelled() ? m_update.verdict() : failure();
        const uint64_t converted = m_change.record->lazy.counts().converted;
        if (converted == seen)
            continue;
        seen = converted;
        // Each instance has the time of a step.
        enter(Step::Convert);
        updates().tell_progress(m_update);
    }
    converters.stop();
    converters.wait();
    if (cancelled())
        return verdict_with_its_cause();
    // Also when the instance that failed has been destroyed since: the others were not all converted.
    if (!status.ok())
        return status;
    return m_direction == Direction::Back ? first_failure() : failure();
}

// Which instance it was, where one took so long that the update has ended itself.
Status Transition::verdict_with_its_cause()
{
    const Status verdict = m_update.verdict();
    if (verdict == Code::TIMED_OUT)
        first_failure().ignore();
    return verdict;
}

// An instance that fails stays old. Forward that ends the update, unless there is no way back; on the way back as many
// as possible are brought there first.
Status Transition::failure()
{
    if (m_direction == Direction::Back || !m_update.can_be_undone())
        return {};
    return first_failure();
}

Status Transition::first_failure()
{
    auto& record = *m_change.record;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        ReferenceName names[InstanceSet::batch];
        if (record.instance_set()->first(cpu, InstanceList::Failed, names) == 0)
            continue;
        const Code reason = record.lazy.last_failure();
        char text[update_text_size];
        kernel::format(text, sizeof text, "instance @%u.%u of class %s could not be brought to version %lu: %s",
            names[0].index, names[0].sequence, record.name, target().version, kernel::name_of(reason));
        updates().note_failure(m_update, reason, text);
        return reason;
    }
    return {};
}

void give_up_conversions_of(const Update& update)
{
    for (unsigned i = 0; i < update.change_count; ++i) {
        if (update.changes[i].kind == ChangeKind::Instances)
            update.changes[i].record->lazy.give_up_change();
    }
}

void abort_swaps_of(const Update& update, Code reason)
{
    CountedScope keeps_the_swaps;
    for (uint32_t index = 1; index < table().high_water(); ++index) {
        HotSwap* swap = swap_of(table().at(index));
        if (swap != nullptr && swap->update() == update.id && !swap->takes_back())
            swap->abort(reason).ignore();
    }
}

}
