// Entries and representatives under a thread that stands at the worst place (see interleaving_tests.cpp).

#include "kernel/test.h"
#include "objects/tests/elder.h"
#include "objects/tests/steps.h"
#include "objects/tests/subject.h"
#include "services/counter/partitioned_counter.h"
#include "services/counter/shared_counter.h"

namespace objects::tests {

namespace {

kernel::Test reuse{"interleaving.entry_is_not_reused_under_a_held_caller", [] {
    stay_on_first_cpu();
    auto probe = make_used_probe();
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

struct Creation {
    Ref<Probe> probes[3];

    // The first one has brought the heap's pages.
    void create_first() { probes[0] = create<ProbeRoot<1>>().value(); }
    void create_others()
    {
        probes[1] = create<ProbeRoot<1>>().value();
        probes[2] = create<ProbeRoot<1>>().value();
    }
    void destroy_all()
    {
        for (auto& probe : probes)
            EXPECT(probe->version().value() == 1 && destroy(probe.reference()).ok());
    }
};

kernel::Test creators{"interleaving.creators_get_entries_of_their_own", [] {
    stay_on_first_cpu();
    const uint64_t alive = roots_alive;
    Creation mine;
    Creation its;
    Subject subject([](void* context) {
        static_cast<Creation*>(context)->create_first();
        Subject::mark_hold_point();
        static_cast<Creation*>(context)->create_others();
    }, &its);
    subject.wait_until_held();
    Helper other([](void* context) {
        static_cast<Creation*>(context)->create_first();
        static_cast<Creation*>(context)->create_others();
    }, &mine, 0);
    wait_for_a_swap();
    subject.let_go();
    other.join();
    {
        CountedScope scope;
        for (auto& left : mine.probes) {
            for (auto& right : its.probes)
                EXPECT(left.reference() != right.reference());
        }
        mine.destroy_all();
        its.destroy_all();
    }
    drain_dead_objects();
    EXPECT(roots_alive == alive);
}};

Ref<services::Counter> make_counter()
{
    CountedScope scope;
    auto counter = create<services::PartitionedCounterRoot>();
    EXPECT(counter.ok() && counter.value()->increment().ok());
    return counter.value();
}

HotSwap* start_counter_swap(Ref<services::Counter> counter)
{
    return start_swap(
        counter.reference(), kernel::Owned<Root>(kernel::make<services::SharedCounterRoot>(kernel::Tag::Test)));
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
    HotSwap* swap = start_counter_swap(counter);
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
    HotSwap* swap = start_counter_swap(counter);
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
