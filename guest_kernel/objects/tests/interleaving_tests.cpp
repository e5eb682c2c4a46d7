// What a swap meets: a caller that stands at the worst place. Which place that is, the schedule says: these tests are
// swept over every instruction of the subject's call (tests/subtleties), and must hold at each.

#include "kernel/test.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/elder.h"
#include "objects/tests/steps.h"
#include "objects/tests/subject.h"

namespace objects::tests {

namespace {

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
    auto probe = make_used_probe();
    CountedCall call(probe);
    Subject subject(CountedCall::body, &call);
    subject.wait_until_held();
    HotSwap* swap = start_swap(probe);
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
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
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
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
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
    auto probe = make_used_probe();
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
    explicit Inside(Ref<Probe> target, int cpu = 0) : probe(target), thread(body, this, cpu) { entered.wait(); }

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
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
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

kernel::Test neighbour{"interleaving.caller_held_while_another_of_its_cpu_enters", [] {
    stay_on_first_cpu();
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    CountedCall call(probe);
    Subject subject(CountedCall::body, &call);
    subject.wait_until_held();
    Inside inside(probe, kernel::last_cpu());
    subject.let_go();
    elder.leave();
    wait_for_a_swap();
    EXPECT(swap->phase() == Phase::Block);
    inside.leave();
    end_swap(swap);
    EXPECT(call.right());
    {
        CountedScope scope;
        EXPECT(probe->calls().value() == 2);
    }
    destroy_and_drain(probe.reference());
}};

kernel::Test aborter{"interleaving.abort_held_while_the_swap_goes_on", [] {
    stay_on_first_cpu();
    const uint64_t alive = roots_alive;
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
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
    expect_version(probe, outcome.ok() ? 2 : 1);
    EXPECT(table().innermost(probe.reference()) == nullptr);
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
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
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
    auto next = make_used_probe();
    {
        CountedScope scope;
        EXPECT(next->version().value() == 1);
        EXPECT(probe.reference() != next.reference() || table().innermost(next.reference()) == nullptr);
    }
    destroy_and_drain(next.reference());
}};

// Starts a swap to version 3, uncounted as those who ask for swaps are.
struct Start {
    explicit Start(Ref<Probe> probe) : reference(probe.reference()) {}

    Reference reference;
    Result<HotSwap*> swap = Code::CANCELLED;

    static void body(void* context)
    {
        auto& self = *static_cast<Start*>(context);
        kernel::Owned<Root> replacement(kernel::make<ProbeRoot<3>>(kernel::Tag::Test));
        Subject::mark_hold_point();
        self.swap = HotSwap::start(self.reference, static_cast<kernel::Owned<Root>&&>(replacement));
    }
    // What became of it, at its end.
    Code outcome(Code refusal)
    {
        if (!swap.ok()) {
            EXPECT(swap.code() == refusal);
            return swap.code();
        }
        const Code code = swap.value()->wait().code();
        swap.value()->release();
        return code;
    }
};

kernel::Test starter{"interleaving.starter_held_while_its_object_is_destroyed", [] {
    stay_on_first_cpu();
    const uint64_t alive = roots_alive;
    auto probe = make_used_probe();
    Start start(probe);
    Subject subject(Start::body, &start, kernel::last_cpu(), false);
    subject.wait_until_held();
    {
        CountedScope scope;
        EXPECT(destroy(probe.reference()).ok());
    }
    wait_for_a_swap();
    subject.let_go();
    const Code outcome = start.outcome(Code::GONE);
    EXPECT(outcome == Code::OK || outcome == Code::GONE);
    drain_dead_objects();
    // One that was refused is freed by its leader, behind.
    kernel::wait_until([alive] { return roots_alive == alive; });
}};

kernel::Test late_starter{"interleaving.starter_held_while_another_swap_comes_and_goes", [] {
    stay_on_first_cpu();
    const uint64_t alive = roots_alive;
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    Start start(probe);
    Subject subject(Start::body, &start, kernel::last_cpu(), false);
    subject.wait_until_held();
    elder.leave();
    wait_for_a_swap();
    // Counted by whatever is there; it must not be lost.
    {
        CountedScope scope;
        EXPECT(probe->fold(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).low == 55);
    }
    subject.let_go();
    end_swap(swap);
    const Code outcome = start.outcome(Code::BUSY);
    EXPECT(outcome == Code::OK || outcome == Code::BUSY);
    expect_one_call(probe, outcome == Code::OK ? 3 : 2);
    kernel::wait_until([alive] { return roots_alive == alive + 1; });
    destroy_and_drain(probe.reference());
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
    auto probe = make_used_probe();
    expect_version_on_every_cpu(probe, 1);
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    expect_version_on_every_cpu(probe, 1);
    elder.leave();
    EXPECT(swap->wait().ok());
    EXPECT(swap->counts().forwarded == static_cast<uint64_t>(kernel::last_cpu()) + 1);
    expect_version_on_every_cpu(probe, 2);
    swap->release();
    destroy_and_drain(probe.reference());
}};

struct Gate {
    kernel::Event reached;
    kernel::Event go_on;
};

// Its leader waits at the commit.
class GatedRoot final : public SharedRoot<ProbeRep<2>> {
public:
    explicit GatedRoot(Gate* gate) : m_gate(*gate) {}

    FormatList imports() const override { return FormatList::of(probe_formats); }
    Status import_state(const Format&, TransferSite, const Parcel&) override { return {}; }
    void commit_import() override
    {
        m_gate.reached.signal();
        m_gate.go_on.wait();
    }

private:
    Gate& m_gate;
};

kernel::Test blocked_at_commit{"interleaving.caller_held_as_it_is_blocked_at_the_commit", [] {
    stay_on_first_cpu();
    auto probe = make_used_probe();
    Gate gate;
    HotSwap* swap
        = start_swap(probe.reference(), kernel::Owned<Root>(kernel::make<GatedRoot>(kernel::Tag::Test, &gate)));
    gate.reached.wait();
    CountedCall call(probe);
    Subject subject([](void* context) {
        auto& self = *static_cast<CountedCall*>(context);
        Subject::mark_hold_point();
        self.call();
    }, &call);
    subject.wait_until_held();
    EXPECT(!subject.ended());
    gate.go_on.signal();
    wait_for_a_swap();
    subject.let_go();
    end_swap(swap);
    EXPECT(call.right());
    expect_one_call(probe, 2);
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
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap
        = start_swap(probe.reference(), kernel::Owned<Root>(kernel::make<MarkingRoot>(kernel::Tag::Test)));
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

}

}
