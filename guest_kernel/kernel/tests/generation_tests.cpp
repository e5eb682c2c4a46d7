#include "kernel/generation.h"

#include "arch/ppc64/percpu.h"
#include "kernel/test_thread.h"

namespace kernel {

namespace {

// A counted thread that tells when it has started and goes on when it is let.
class CountedWorker {
public:
    explicit CountedWorker(const ThreadOptions& options) : m_thread(options, Body{*this}) { m_started.wait(); }

    void let_go() { m_go_on.signal(); }
    Thread* thread() const { return m_thread.thread(); }
    void join() { m_thread.join(); }

private:
    struct Body {
        CountedWorker& worker;
        void operator()() const
        {
            worker.m_started.signal();
            worker.m_go_on.wait();
        }
    };
    Event m_started;
    Event m_go_on;
    TestThread<Body> m_thread;
};

// A thread that waits for a generation and says when that is over.
class GenerationWaiter {
public:
    explicit GenerationWaiter(unsigned priority = default_priority)
        : m_thread({.name = "waiter", .priority = priority, .counted = false}, Body{*this})
    {
    }
    bool over() const { return m_over.signalled(); }
    void join() { m_over.wait(); }
    Thread* thread() const { return m_thread.thread(); }

private:
    struct Body {
        GenerationWaiter& waiter;
        void operator()() const
        {
            generations().wait_for_all_cpus();
            waiter.m_over.signal();
        }
    };
    Event m_over;
    TestThread<Body> m_thread;
};

void pause() { sleep_until(now_ns() + millisecond); }

Test at_once{"generation.nobody_counted", [] {
    const uint64_t rounds = generations().rounds();
    generations().wait_for_all_cpus();
    EXPECT(generations().rounds() == rounds + 1);
    EXPECT(!current_thread_counted());
}};

Test waits{"generation.waits_for_the_counted", [] {
    CountedWorker worker({.name = "worker", .cpu = 0});
    GenerationWaiter waiter;
    pause();
    EXPECT(!waiter.over());
    worker.let_go();
    waiter.join();
}};

Test uncounted{"generation.does_not_wait_for_the_uncounted", [] {
    CountedWorker worker({.name = "uncounted", .counted = false});
    generations().wait_for_all_cpus();
    worker.let_go();
}};

Test blocked{"generation.blocked_thread_stays_counted", [] {
    CountedWorker worker({.name = "blocked", .cpu = last_cpu()});
    wait_until([&] { return worker.thread()->state() == ThreadState::Blocked; });
    EXPECT(worker.thread()->counted());
    GenerationWaiter waiter;
    pause();
    EXPECT(!waiter.over());
    worker.let_go();
    waiter.join();
}};

Test preempted{"generation.preempted_thread_stays_counted", [] {
    // The worker is ready all the time but does not run: a thread above its and the waiter's priority has its CPU.
    bool counted = false;
    bool finished = false;
    bool stop_hog = false;
    TestThread worker({.name = "worker", .priority = 5, .cpu = last_cpu()}, [&] {
        __atomic_store_n(&counted, true, __ATOMIC_RELEASE);
        spin_for(100 * microsecond);
        __atomic_store_n(&finished, true, __ATOMIC_RELEASE);
    });
    wait_until([&] { return __atomic_load_n(&counted, __ATOMIC_ACQUIRE); });
    TestThread hog({.name = "hog", .priority = 14, .cpu = last_cpu(), .counted = false}, [&] {
        while (!__atomic_load_n(&stop_hog, __ATOMIC_ACQUIRE)) {
        }
    });
    GenerationWaiter waiter(6);
    pause();
    EXPECT(!waiter.over() || __atomic_load_n(&finished, __ATOMIC_ACQUIRE));
    __atomic_store_n(&stop_hog, true, __ATOMIC_RELEASE);
    waiter.join();
    EXPECT(__atomic_load_n(&finished, __ATOMIC_ACQUIRE));
}};

Test held{"generation.held_thread_stays_counted", [] {
    CountedWorker worker({.name = "held", .cpu = last_cpu()});
    worker.thread()->hold();
    worker.let_go();
    GenerationWaiter waiter;
    pause();
    EXPECT(!waiter.over() && worker.thread()->counted());
    worker.thread()->release();
    waiter.join();
}};

Test moved{"generation.leaves_where_it_entered", [] {
    CountedWorker worker({.name = "mover"});
    const int entered = worker.thread()->membership().cpu;
    EXPECT(entered >= 0);
    const auto other = static_cast<unsigned>(entered) == 0 ? static_cast<unsigned>(last_cpu()) : 0;
    EXPECT(worker.thread()->move_to(other).ok());
    GenerationWaiter waiter;
    pause();
    EXPECT(!waiter.over() && worker.thread()->membership().cpu == entered);
    worker.let_go();
    waiter.join();
    worker.join();
    generations().wait_for_all_cpus();
}};

Test newcomers{"generation.newcomers_do_not_delay", [] {
    CountedWorker old({.name = "old", .cpu = 0});
    GenerationWaiter waiter;
    wait_until([&] { return waiter.thread()->state() == ThreadState::Blocked; });
    CountedWorker newcomer({.name = "newcomer", .cpu = 0});
    old.let_go();
    waiter.join();
    EXPECT(newcomer.thread()->counted());
    newcomer.let_go();
}};

Test late{"generation.late_waiter_waits_a_full_round", [] {
    CountedWorker old({.name = "old", .cpu = 0});
    GenerationWaiter first;
    wait_until([&] { return first.thread()->state() == ThreadState::Blocked; });
    // Counted before the second waiter comes, but in the generation that the first one's round has begun.
    CountedWorker middle({.name = "middle", .cpu = last_cpu()});
    GenerationWaiter second;
    wait_until([&] { return second.thread()->state() == ThreadState::Blocked; });
    old.let_go();
    first.join();
    pause();
    EXPECT(!second.over());
    middle.let_go();
    second.join();
}};

Test shared{"generation.waiters_share_a_round", [] {
    CountedWorker old({.name = "old", .cpu = 0});
    GenerationWaiter first;
    wait_until([&] { return first.thread()->state() == ThreadState::Blocked; });
    const uint64_t rounds = generations().rounds();
    GenerationWaiter second;
    GenerationWaiter third;
    GenerationWaiter fourth;
    const auto waits = [](auto& waiter) { return waiter.thread()->state() == ThreadState::Blocked; };
    wait_until([&] { return waits(second) && waits(third) && waits(fourth); });
    old.let_go();
    first.join();
    second.join();
    third.join();
    fourth.join();
    EXPECT(generations().rounds() == rounds + 1);
}};

Test boosted{"generation.counted_are_boosted", [] {
    // The hog never gives up its CPU: only with the waiter's priority does the worker get to its end.
    bool stop = false;
    Event go_on;
    TestThread worker({.name = "worker", .priority = 3, .cpu = last_cpu()}, [&] {
        go_on.wait();
        EXPECT(current_thread()->priority() == 26 && current_thread()->base_priority() == 3);
    });
    wait_until([&] { return worker.thread()->state() == ThreadState::Blocked; });
    TestThread hog({.name = "hog", .priority = 14, .cpu = last_cpu(), .counted = false}, [&] {
        while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        }
    });
    GenerationWaiter waiter(26);
    wait_until([&] { return waiter.thread()->state() == ThreadState::Blocked; });
    go_on.signal();
    waiter.join();
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
}};

Test through_mutex{"generation.boost_goes_through_a_mutex", [] {
    Mutex mutex;
    Event taken;
    Event release;
    TestThread owner({.name = "owner", .priority = 4, .counted = false}, [&] {
        MutexGuard guard(mutex);
        taken.signal();
        release.wait();
    });
    taken.wait();
    TestThread counted({.name = "counted", .priority = 4}, [&] { MutexGuard guard(mutex); });
    wait_until([&] { return counted.thread()->waiting_on().kind == WaitKind::Mutex; });
    GenerationWaiter waiter(29);
    wait_until([&] { return waiter.thread()->state() == ThreadState::Blocked; });
    EXPECT(counted.thread()->priority() == 29 && owner.thread()->priority() == 29);
    release.signal();
    waiter.join();
    owner.join();
}};

Test many{"generation.hundred_waiters_under_a_hog", [] {
    constexpr unsigned count = 100;
    static Event over;
    static unsigned left;
    over.clear();
    left = count;
    bool stop = false;
    CountedWorker worker({.name = "worker", .priority = 2, .cpu = last_cpu()});
    GenerationWaiter first;
    wait_until([&] { return first.thread()->state() == ThreadState::Blocked; });
    TestThread hog({.name = "hog", .priority = 12, .cpu = last_cpu(), .counted = false}, [&] {
        while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        }
    });
    const uint64_t rounds = generations().rounds();
    const uint64_t waits_before = generations().waits();
    unsigned created = 0;
    for (unsigned i = 0; i < count; ++i) {
        const auto entry = [](uint64_t) {
            generations().wait_for_all_cpus();
            if (__atomic_sub_fetch(&left, 1, __ATOMIC_ACQ_REL) == 0)
                over.signal();
        };
        if (Thread::create({.name = "waiter", .cpu = 0, .counted = false}, entry, 0).ok())
            ++created;
    }
    EXPECT(created == count);
    wait_until([&] { return generations().waits() == waits_before + count; });
    worker.let_go();
    over.wait();
    EXPECT(generations().rounds() <= rounds + 2);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
}};

struct Listing {
    uint64_t thread_id;
    const CountedThread* found;
    CountedThread copy;
};

Test listed{"generation.counted_threads_are_listed", [] {
    const uint64_t before = now_ns();
    CountedWorker worker({.name = "listed", .cpu = last_cpu()});
    Listing listing{worker.thread()->id(), nullptr, {}};
    const auto visit = [](const CountedThread& thread, void* context) {
        auto& wanted = *static_cast<Listing*>(context);
        if (thread.thread_id != wanted.thread_id)
            return;
        wanted.copy = thread;
        wanted.found = &wanted.copy;
    };
    for_each_counted(visit, &listing);
    EXPECT(listing.found != nullptr && listing.copy.cpu == static_cast<unsigned>(last_cpu()));
    EXPECT(listing.copy.generation == generations().current(static_cast<unsigned>(last_cpu())));
    EXPECT(listing.copy.since_ns >= before && listing.copy.since_ns <= now_ns());
    worker.let_go();
    worker.join();
    listing.found = nullptr;
    wait_until([&] {
        listing.found = nullptr;
        for_each_counted(visit, &listing);
        return listing.found == nullptr;
    });
}};

Test loops{"generation.outer_loop", [] {
    bool stop = false;
    uint64_t passes = 0;
    TestThread looper({.name = "looper", .cpu = last_cpu()}, [&] {
        OuterLoop loop;
        while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
            EXPECT(current_thread_counted());
            __atomic_fetch_add(&passes, 1, __ATOMIC_RELAXED);
            loop.pass();
        }
    });
    wait_until([&] { return __atomic_load_n(&passes, __ATOMIC_RELAXED) > 0; });
    for (unsigned i = 0; i < 20; ++i)
        generations().wait_for_all_cpus();
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
}};

Test waits_outside{"generation.outer_loop_waits_outside", [] {
    Event event;
    Event last;
    TestThread server({.name = "server"}, [&] {
        OuterLoop loop;
        loop.consume(event);
        EXPECT(current_thread_counted());
        loop.sleep_until(now_ns() + 2 * millisecond);
        loop.wait_for_all_cpus();
        loop.wait(last);
        EXPECT(current_thread_counted());
    });
    wait_until([&] { return server.thread()->state() == ThreadState::Blocked; });
    EXPECT(!server.thread()->counted());
    generations().wait_for_all_cpus();
    event.signal();
    generations().wait_for_all_cpus();
    last.signal();
}};

Test storm{"generation.storm", [] {
    // What a counted thread has loaded stays valid until its generation is over: here a cell that the waiter replaces
    // and then spoils.
    static uint64_t cells[2];
    static uint64_t* current;
    static bool stop;
    cells[0] = cells[1] = 1;
    current = &cells[0];
    stop = false;
    const auto reader = [] {
        OuterLoop loop;
        while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
            const uint64_t* cell = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
            for (unsigned i = 0; i < 20; ++i)
                EXPECT(__atomic_load_n(cell, __ATOMIC_RELAXED) == 1);
            if (current_thread()->instructions() % 3 == 0)
                current_thread()->move_to(arch::cpu_id() == 0 ? static_cast<unsigned>(last_cpu()) : 0).ignore();
            loop.pass();
        }
    };
    TestThread first({.name = "first"}, reader);
    TestThread second({.name = "second"}, reader);
    TestThread third({.name = "third", .priority = 12}, reader);
    for (unsigned i = 0; i < 60; ++i) {
        uint64_t* old = current;
        uint64_t* fresh = old == &cells[0] ? &cells[1] : &cells[0];
        __atomic_store_n(fresh, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&current, fresh, __ATOMIC_RELEASE);
        generations().wait_for_all_cpus();
        __atomic_store_n(old, 0, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
}};

[[gnu::noinline]] void pass_deeper(OuterLoop& loop, volatile int* depth)
{
    *depth = 1;
    loop.pass();
    *depth = 2;
}

Test deep{"panic.quiescent_point_inside_a_call", [] {
    TestThread thread({.name = "deep"}, [] {
        OuterLoop loop;
        volatile int depth = 0;
        pass_deeper(loop, &depth);
    });
}};

Test counted_waiter{"panic.counted_thread_waits_for_a_generation", [] {
    TestThread thread({.name = "counted"}, [] { generations().wait_for_all_cpus(); });
}};

}

}
