// What a swap meets: a caller that stands at the worst place. Which place that is, the schedule says: these tests are
// swept over every instruction of the subject's call (tests/subtleties), and must hold at each.

#include "kernel/test.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/elder.h"
#include "objects/tests/probe.h"
#include "objects/tests/subject.h"
#include "services/counter/partitioned_counter.h"
#include "services/counter/shared_counter.h"

namespace objects::tests {

namespace {

// Longer than a swap takes that nobody holds up.
constexpr uint64_t time_for_a_swap = kernel::millisecond;

// The subject's CPU is the last one; what must go on while that CPU is held is here.
void stay_on_first_cpu()
{
    EXPECT(kernel::current_thread()->move_to(0).ok());
}

void wait_for_a_swap()
{
    kernel::sleep_until(kernel::now_ns() + time_for_a_swap);
}

// One that was called before, so that a swap waits for a generation.
Ref<Probe> make_probe()
{
    CountedScope scope;
    auto probe = create<ProbeRoot<1>>();
    EXPECT(probe.ok() && probe.value()->version().ok());
    return probe.value();
}

HotSwap* start_swap(Reference reference)
{
    CountedScope scope;
    SwapOptions options;
    options.time_limit_ns = 50 * kernel::millisecond;
    auto swap = swap_to<2>(reference, options);
    EXPECT(swap.ok());
    return swap.value();
}

void end_swap(HotSwap* swap, Code expected = Code::OK)
{
    EXPECT(swap->wait().code() == expected);
    swap->release();
}

void destroy_and_drain(Reference reference)
{
    {
        CountedScope scope;
        EXPECT(destroy(reference).ok());
    }
    drain_dead_objects();
}

// Calls once to fill its CPU's entry, then makes the call that is looked at.
struct CountedCall {
    explicit CountedCall(Ref<Probe> target) : probe(target) {}

    Ref<Probe> probe;
    Pair result{};

    static void body(void* context)
    {
        auto& self = *static_cast<CountedCall*>(context);
        EXPECT(self.probe->version().ok());
        Subject::mark_hold_point();
        self.call();
    }
    void call() { result = probe->fold(1, 2, 3, 4, 5, 6, 7, 8, 9, 10); }
    bool right() const { return result.low == 55 && result.high == 159; }
};

void expect_one_call(Ref<Probe> probe, uint64_t version)
{
    CountedScope scope;
    EXPECT(probe->calls().value() == 1);
    EXPECT(probe->version().value() == version);
}

kernel::Test direct{"interleaving.caller_held_on_its_way_to_the_old_object", [] {
    stay_on_first_cpu();
    auto probe = make_probe();
    CountedCall call(probe);
    Subject subject(CountedCall::body, &call);
    subject.wait_until_held();
    HotSwap* swap = start_swap(probe.reference());
    wait_for_a_swap();
    if (subject.held())
        EXPECT(swap->phase() == Phase::Forward);
    subject.let_go();
    end_swap(swap);
    EXPECT(call.right());
    expect_one_call(probe, 2);
    destroy_and_drain(probe.reference());
}};

kernel::Test in_front{"interleaving.caller_held_on_its_way_through_the_mediator", [] {
    stay_on_first_cpu();
    auto probe = make_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe.reference());
    elder.passed_by();
    CountedCall call(probe);
    Subject subject(CountedCall::body, &call);
    subject.wait_until_held();
    elder.leave();
    wait_for_a_swap();
    // Whether its call is tracked or has not come that far, it may still enter the mediator.
    if (subject.held())
        EXPECT(!swap->finished());
    subject.let_go();
    end_swap(swap);
    EXPECT(call.right());
    expect_one_call(probe, 2);
    destroy_and_drain(probe.reference());
}};

// The same with a swap that fails: callers go back to the old object.
kernel::Test sent_back{"interleaving.caller_held_on_its_way_through_a_mediator_that_gives_up", [] {
    stay_on_first_cpu();
    auto probe = make_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe.reference());
    elder.passed_by();
    CountedCall call(probe);
    Subject subject(CountedCall::body, &call);
    subject.wait_until_held();
    EXPECT(swap->abort(Code::CANCELLED).ok());
    elder.leave();
    wait_for_a_swap();
    if (subject.held())
        EXPECT(!swap->finished());
    subject.let_go();
    end_swap(swap, Code::CANCELLED);
    EXPECT(call.right());
    expect_one_call(probe, 1);
    destroy_and_drain(probe.reference());
}};

kernel::Test arbiter{"interleaving.caller_held_on_its_way_through_an_arbiter", [] {
    stay_on_first_cpu();
    auto probe = make_probe();
    auto attached = CountingArbiter::attach(probe.reference());
    EXPECT(attached.ok());
    CountedCall call(probe);
    Subject subject(CountedCall::body, &call);
    subject.wait_until_held();
    kernel::TestThread detacher({.name = "detacher", .cpu = 0, .counted = false}, [arbiter = attached.value()] {
        CountingArbiter::detach(arbiter);
    });
    wait_for_a_swap();
    if (subject.held())
        EXPECT(!detacher.ended());
    subject.let_go();
    detacher.join();
    EXPECT(call.right());
    expect_one_call(probe, 1);
    destroy_and_drain(probe.reference());
}};

// Inside, tracked, from the forward phase on: the block phase waits for it.
struct Inside {
    explicit Inside(Ref<Probe> target) : probe(target), thread(body, this, 0) { entered.wait(); }

    void leave()
    {
        may_leave.signal();
        thread.join();
    }

    Ref<Probe> probe;
    kernel::Event entered;
    kernel::Event may_leave;
    Helper thread;

    static void body(void* context)
    {
        auto& self = *static_cast<Inside*>(context);
        EXPECT(self.probe->linger(&self.entered, &self.may_leave).ok());
    }
};

kernel::Test blocked{"interleaving.caller_held_as_it_is_blocked", [] {
    stay_on_first_cpu();
    auto probe = make_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe.reference());
    elder.passed_by();
    Inside inside(probe);
    elder.leave();
    kernel::wait_until([swap] { return swap->phase() == Phase::Block; });
    CountedCall call(probe);
    Subject subject([](void* context) {
        auto& self = *static_cast<CountedCall*>(context);
        Subject::mark_hold_point();
        self.call();
    }, &call);
    subject.wait_until_held();
    EXPECT(!subject.ended());
    EXPECT(swap->abort(Code::CANCELLED).ok());
    subject.let_go();
    EXPECT(call.right());
    inside.leave();
    end_swap(swap, Code::CANCELLED);
    destroy_and_drain(probe.reference());
}};

kernel::Test aborter{"interleaving.abort_held_while_the_swap_goes_on", [] {
    stay_on_first_cpu();
    const uint64_t alive = roots_alive;
    auto probe = make_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe.reference());
    elder.passed_by();
    struct Abort {
        HotSwap* swap;
        Status status = Code::CANCELLED;
    } abort{swap};
    Subject subject([](void* context) {
        auto& self = *static_cast<Abort*>(context);
        Subject::mark_hold_point();
        self.status = self.swap->abort(Code::CANCELLED);
    }, &abort);
    subject.wait_until_held();
    elder.leave();
    wait_for_a_swap();
    subject.let_go();
    const Status outcome = swap->wait();
    EXPECT(outcome.ok() ? abort.status.code() == Code::REFUSED : abort.status.ok());
    EXPECT(outcome.ok() || outcome.code() == Code::CANCELLED);
    swap->release();
    {
        CountedScope scope;
        EXPECT(probe->version().value() == (outcome.ok() ? 2 : 1));
        EXPECT(table().innermost(probe.reference()) == nullptr);
    }
    EXPECT(roots_alive == alive + 1);
    destroy_and_drain(probe.reference());
}};

struct Destruction {
    Reference reference;
    Status status = Code::CANCELLED;

    static void body(void* context)
    {
        auto& self = *static_cast<Destruction*>(context);
        Subject::mark_hold_point();
        self.status = destroy(self.reference);
    }
};

kernel::Test destroyer{"interleaving.destroyer_held_while_its_object_is_swapped", [] {
    stay_on_first_cpu();
    const uint64_t alive = roots_alive;
    auto probe = make_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe.reference());
    elder.passed_by();
    Destruction destruction{probe.reference()};
    Subject subject(Destruction::body, &destruction);
    subject.wait_until_held();
    elder.leave();
    wait_for_a_swap();
    subject.let_go();
    const Code outcome = swap->wait().code();
    EXPECT(outcome == Code::OK || outcome == Code::GONE);
    swap->release();
    EXPECT(destruction.status.ok());
    drain_dead_objects();
    EXPECT(roots_alive == alive);
    // What comes to live in the entry next has nothing to do with either.
    auto next = make_probe();
    {
        CountedScope scope;
        EXPECT(next->version().value() == 1);
        EXPECT(probe.reference() != next.reference() || table().innermost(next.reference()) == nullptr);
    }
    destroy_and_drain(next.reference());
}};

kernel::Test reuse{"interleaving.entry_is_not_reused_under_a_held_caller", [] {
    stay_on_first_cpu();
    auto probe = make_probe();
    struct Call {
        Ref<Probe> probe;
        Result<uint64_t> version = Code::CANCELLED;
    } call{probe};
    Subject subject([](void* context) {
        auto& self = *static_cast<Call*>(context);
        EXPECT(self.probe->version().ok());
        Subject::mark_hold_point();
        self.version = self.probe->version();
    }, &call);
    subject.wait_until_held();
    const bool held = subject.held();
    {
        CountedScope scope;
        EXPECT(destroy(probe.reference()).ok());
    }
    wait_for_a_swap();
    Ref<Probe> next;
    {
        CountedScope scope;
        next = create<ProbeRoot<2>>().value();
    }
    if (held && subject.held())
        EXPECT(next.reference() != probe.reference());
    subject.let_go();
    EXPECT(call.version.ok() ? call.version.value() == 1 : call.version.code() == Code::GONE);
    destroy_and_drain(next.reference());
}};

Ref<services::Counter> make_counter()
{
    CountedScope scope;
    auto counter = create<services::PartitionedCounterRoot>();
    EXPECT(counter.ok() && counter.value()->increment().ok());
    return counter.value();
}

HotSwap* start_counter_swap(Reference reference)
{
    CountedScope scope;
    SwapOptions options;
    options.time_limit_ns = 50 * kernel::millisecond;
    kernel::Owned<Root> replacement(kernel::make<services::SharedCounterRoot>(kernel::Tag::Test));
    auto swap = HotSwap::start(reference, static_cast<kernel::Owned<Root>&&>(replacement), options);
    EXPECT(swap.ok());
    return swap.value();
}

void expect_count(Ref<services::Counter> counter, int64_t count)
{
    CountedScope scope;
    EXPECT(counter->value().value() == count);
}

void increment_once(void* context)
{
    Subject::mark_hold_point();
    EXPECT((*static_cast<Ref<services::Counter>*>(context))->increment().ok());
}

kernel::Test first_touch{"interleaving.first_touch_of_a_cpu_during_a_swap", [] {
    stay_on_first_cpu();
    auto counter = make_counter();
    Elder elder;
    HotSwap* swap = start_counter_swap(counter.reference());
    elder.passed_by();
    Subject subject(increment_once, &counter);
    subject.wait_until_held();
    elder.leave();
    wait_for_a_swap();
    subject.let_go();
    end_swap(swap);
    expect_count(counter, 2);
    destroy_and_drain(counter.reference());
}};

kernel::Test together{"interleaving.threads_that_miss_together_share_a_representative", [] {
    stay_on_first_cpu();
    auto counter = make_counter();
    Subject subject(increment_once, &counter);
    subject.wait_until_held();
    Helper other([](void* context) {
        EXPECT((*static_cast<Ref<services::Counter>*>(context))->increment().ok());
    }, &counter, kernel::last_cpu());
    wait_for_a_swap();
    subject.let_go();
    other.join();
    expect_count(counter, 3);
    destroy_and_drain(counter.reference());
}};

kernel::Test increment{"interleaving.caller_held_in_the_middle_of_an_increment", [] {
    stay_on_first_cpu();
    auto counter = make_counter();
    Subject subject([](void* context) {
        EXPECT((*static_cast<Ref<services::Counter>*>(context))->increment().ok());
        increment_once(context);
    }, &counter);
    subject.wait_until_held();
    Helper other([](void* context) {
        EXPECT((*static_cast<Ref<services::Counter>*>(context))->increment().ok());
    }, &counter, kernel::last_cpu());
    wait_for_a_swap();
    subject.let_go();
    other.join();
    expect_count(counter, 4);
    destroy_and_drain(counter.reference());
}};

kernel::Test moved{"interleaving.caller_moved_in_the_middle_of_its_call", [] {
    stay_on_first_cpu();
    auto counter = make_counter();
    Elder elder;
    HotSwap* swap = start_counter_swap(counter.reference());
    elder.passed_by();
    Subject subject([](void* context) {
        EXPECT(kernel::current_thread()->move_to(static_cast<unsigned>(kernel::last_cpu())).ok());
        increment_once(context);
    }, &counter, kernel::any_cpu);
    subject.wait_until_held();
    if (subject.held())
        subject.move_to(0);
    subject.let_go();
    elder.leave();
    end_swap(swap);
    expect_count(counter, 2);
    destroy_and_drain(counter.reference());
}};

// Calls once from each CPU.
void expect_version_on_every_cpu(Ref<Probe> probe, uint64_t version)
{
    struct Call {
        Ref<Probe> probe;
        uint64_t version;
    } call{probe, version};
    for (int cpu = 0; cpu <= kernel::last_cpu(); ++cpu) {
        Helper caller([](void* context) {
            auto& self = *static_cast<Call*>(context);
            EXPECT(self.probe->version().value() == self.version);
        }, &call, cpu);
        caller.join();
    }
}

kernel::Test every_cpu{"interleaving.every_cpu_meets_the_mediator", [] {
    auto probe = make_probe();
    expect_version_on_every_cpu(probe, 1);
    Elder elder;
    HotSwap* swap = start_swap(probe.reference());
    elder.passed_by();
    expect_version_on_every_cpu(probe, 1);
    elder.leave();
    EXPECT(swap->wait().ok());
    EXPECT(swap->counts().forwarded == static_cast<uint64_t>(kernel::last_cpu()) + 1);
    expect_version_on_every_cpu(probe, 2);
    swap->release();
    destroy_and_drain(probe.reference());
}};

// From its commit on the leader may be held.
class MarkingRoot final : public SharedRoot<ProbeRep<2>> {
public:
    FormatList imports() const override { return FormatList::of(probe_formats); }
    Status import_state(const Format&, TransferSite, const Parcel& parcel) override
    {
        if (const auto* calls = parcel.as<uint64_t>())
            m_rep.m_calls = *calls;
        return {};
    }
    void commit_import() override { Subject::mark_hold_point(); }
};

kernel::Test leader{"interleaving.leader_held_from_its_commit_on", [] {
    constexpr uint64_t calls_each = 100;
    stay_on_first_cpu();
    auto probe = make_probe();
    Elder elder;
    HotSwap* swap = nullptr;
    {
        CountedScope scope;
        kernel::Owned<Root> replacement(kernel::make<MarkingRoot>(kernel::Tag::Test));
        swap = HotSwap::start(probe.reference(), static_cast<kernel::Owned<Root>&&>(replacement)).value();
    }
    elder.passed_by();
    const auto call = [](void* context) {
        for (uint64_t i = 0; i < calls_each; ++i)
            EXPECT(static_cast<Ref<Probe>*>(context)->operator->()->fold(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).low == 55);
    };
    Helper here(call, &probe, 0);
    Helper there(call, &probe, kernel::last_cpu());
    elder.leave();
    wait_for_a_swap();
    arch::mark(static_cast<uint64_t>(abi::HoldMark::LET_GO));
    here.join();
    there.join();
    end_swap(swap);
    {
        CountedScope scope;
        EXPECT(probe->calls().value() == 2 * calls_each);
    }
    destroy_and_drain(probe.reference());
}};

kernel::Test sleeper{"interleaving.sleeper_woken_and_moved_before_it_has_switched", [] {
    stay_on_first_cpu();
    kernel::Event event;
    Subject subject([](void* context) {
        EXPECT(kernel::current_thread()->move_to(static_cast<unsigned>(kernel::last_cpu())).ok());
        Subject::mark_hold_point();
        static_cast<kernel::Event*>(context)->wait();
    }, &event, kernel::any_cpu);
    subject.wait_until_held();
    event.signal();
    subject.move_to(0);
    subject.let_go();
}};

}

}
