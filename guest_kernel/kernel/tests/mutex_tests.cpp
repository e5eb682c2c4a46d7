#include "kernel/mutex.h"

#include "kernel/test_thread.h"

namespace kernel {

namespace {

bool waits_for(const Thread* thread, const Mutex& mutex)
{
    WaitGraphGuard graph;
    const WaitingOn waiting = thread->waiting_on();
    return waiting.kind == WaitKind::Mutex && waiting.target == &mutex;
}

Test exclusion{"mutex.exclusion", [] {
    Mutex mutex;
    constexpr uint64_t each = 1000;
    volatile uint64_t count = 0;
    const auto body = [&] {
        for (uint64_t i = 0; i < each; ++i) {
            MutexGuard guard(mutex);
            const uint64_t seen = count;
            if (i % 64 == 0)
                yield();
            count = seen + 1;
        }
    };
    {
        TestThread first({.name = "first", .cpu = 0}, body);
        TestThread second({.name = "second", .cpu = last_cpu()}, body);
        TestThread third({.name = "third", .priority = 20, .cpu = 0}, body);
        TestThread fourth({.name = "fourth", .priority = 10, .cpu = last_cpu()}, body);
    }
    EXPECT(count == 4 * each && mutex.owner() == nullptr);
}};

Test owner{"mutex.owner", [] {
    Mutex mutex;
    EXPECT(mutex.owner() == nullptr && current_thread()->mutexes_held() == 0);
    {
        MutexGuard guard(mutex);
        EXPECT(mutex.owner() == current_thread() && current_thread()->mutexes_held() == 1);
        EXPECT(!mutex.try_lock());
    }
    EXPECT(mutex.try_lock());
    mutex.unlock();
    EXPECT(mutex.owner() == nullptr && current_thread()->mutexes_held() == 0);
}};

Test inheritance{"mutex.inheritance", [] {
    Mutex mutex;
    Event release;
    Event taken;
    TestThread low({.name = "low", .priority = 5, .cpu = 0}, [&] {
        {
            MutexGuard guard(mutex);
            taken.signal();
            release.wait();
            EXPECT(current_thread()->priority() == 25 && current_thread()->base_priority() == 5);
        }
        EXPECT(current_thread()->priority() == 5);
    });
    taken.wait();
    TestThread high({.name = "high", .priority = 25, .cpu = last_cpu()}, [&] {
        MutexGuard guard(mutex);
        EXPECT(current_thread()->priority() == 25);
    });
    wait_until([&] { return waits_for(high.thread(), mutex); });
    EXPECT(low.thread()->priority() == 25);
    release.signal();
}};

Test against_a_hog{"mutex.inheritance_beats_a_hog", [] {
    // Without inheritance the low thread would never run: the hog ends only when the high one has had the mutex.
    Mutex mutex;
    Event taken;
    Event go_on;
    bool finished = false;
    TestThread low({.name = "low", .priority = 5, .cpu = 0}, [&] {
        MutexGuard guard(mutex);
        taken.signal();
        go_on.wait();
    });
    taken.wait();
    TestThread hog({.name = "hog", .priority = 14, .cpu = 0}, [&] {
        while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
        }
    });
    TestThread high({.name = "high", .priority = 25, .cpu = 0}, [&] {
        go_on.signal();
        MutexGuard guard(mutex);
        __atomic_store_n(&finished, true, __ATOMIC_RELEASE);
    });
    high.join();
    EXPECT(finished);
}};

Test chain{"mutex.inheritance_chain", [] {
    Mutex outer;
    Mutex inner;
    Event inner_taken;
    Event outer_taken;
    Event release;
    TestThread low({.name = "low", .priority = 5}, [&] {
        MutexGuard guard(inner);
        inner_taken.signal();
        release.wait();
    });
    inner_taken.wait();
    TestThread middle({.name = "middle", .priority = 10}, [&] {
        MutexGuard first(outer);
        outer_taken.signal();
        MutexGuard second(inner);
    });
    outer_taken.wait();
    wait_until([&] { return waits_for(middle.thread(), inner); });
    EXPECT(low.thread()->priority() == 10);
    TestThread high({.name = "high", .priority = 28}, [&] { MutexGuard guard(outer); });
    wait_until([&] { return waits_for(high.thread(), outer); });
    EXPECT(middle.thread()->priority() == 28 && low.thread()->priority() == 28);
    {
        WaitGraphGuard graph;
        EXPECT(outer.owner() == middle.thread() && inner.owner() == low.thread());
    }
    release.signal();
}};

Test order{"mutex.handed_to_the_highest_priority", [] {
    Mutex mutex;
    unsigned order[2] = {};
    unsigned taken = 0;
    const auto body = [&](unsigned self) {
        return [&, self] {
            MutexGuard guard(mutex);
            order[taken++] = self;
        };
    };
    mutex.lock();
    TestThread low({.name = "low", .priority = 8}, body(1));
    wait_until([&] { return waits_for(low.thread(), mutex); });
    TestThread high({.name = "high", .priority = 12}, body(2));
    wait_until([&] { return waits_for(high.thread(), mutex); });
    mutex.unlock();
    low.join();
    high.join();
    EXPECT(taken == 2 && order[0] == 2 && order[1] == 1);
}};

Test base{"mutex.base_priority_changes_what_is_inherited", [] {
    Mutex mutex;
    mutex.lock();
    TestThread waiter({.name = "waiter", .priority = 8}, [&] { MutexGuard guard(mutex); });
    wait_until([&] { return waits_for(waiter.thread(), mutex); });
    EXPECT(current_thread()->priority() == default_priority);
    waiter.thread()->set_base_priority(27);
    EXPECT(current_thread()->priority() == 27);
    waiter.thread()->set_base_priority(3);
    EXPECT(current_thread()->priority() == default_priority);
    mutex.unlock();
}};

Test not_owner{"panic.mutex_unlocked_by_another", [] {
    static Mutex mutex;
    mutex.lock();
    TestThread other({.name = "other"}, [] { mutex.unlock(); });
}};

Test recursive{"panic.mutex_locked_twice", [] {
    static Mutex mutex;
    mutex.lock();
    mutex.lock();
}};

}

}
