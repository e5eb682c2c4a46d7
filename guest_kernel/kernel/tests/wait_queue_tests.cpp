#include "kernel/wait_queue.h"

#include "arch/ppc64/percpu.h"
#include "kernel/test_thread.h"

namespace kernel {

namespace {

Test by_priority{"wait_queue.wakes_the_highest_priority", [] {
    SpinLock lock;
    WaitQueue queue;
    unsigned order[3] = {};
    unsigned woken = 0;
    const auto body = [&](unsigned self) {
        return [&, self] {
            SpinGuard guard(lock);
            queue.wait(guard);
            order[woken++] = self;
        };
    };
    TestThread low({.name = "low", .priority = 10}, body(1));
    TestThread high({.name = "high", .priority = 20}, body(2));
    TestThread middle({.name = "middle", .priority = 15}, body(3));
    const auto waits = [&](auto& thread) { return thread.thread()->state() == ThreadState::Blocked; };
    wait_until([&] { return waits(low) && waits(high) && waits(middle); });
    EXPECT(high.thread()->waiting_on().kind == WaitKind::WaitQueue && high.thread()->waiting_on().target == &queue);
    for (unsigned i = 1; i <= 3; ++i) {
        EXPECT(queue.wake_one());
        wait_until([&] {
            SpinGuard guard(lock);
            return woken == i;
        });
    }
    EXPECT(order[0] == 2 && order[1] == 3 && order[2] == 1);
    EXPECT(!queue.wake_one() && !queue.has_waiters());
}};

Test timeout{"wait_queue.timeout", [] {
    SpinLock lock;
    WaitQueue queue;
    SpinGuard guard(lock);
    const uint64_t deadline = now_ns() + millisecond;
    EXPECT(queue.wait_until(guard, deadline) == Code::TIMED_OUT);
    EXPECT(now_ns() >= deadline && !queue.has_waiters());
    EXPECT(current_thread()->waiting_on().kind == WaitKind::None);
}};

Test woken_in_time{"wait_queue.woken_before_the_deadline", [] {
    SpinLock lock;
    WaitQueue queue;
    Status status = Code::FAULT;
    TestThread waiter({.name = "waiter"}, [&] {
        SpinGuard guard(lock);
        status = queue.wait_until(guard, now_ns() + 50 * millisecond);
    });
    wait_until([&] { return queue.has_waiters(); });
    EXPECT(queue.wake_all() == 1);
    waiter.join();
    EXPECT(status.ok());
}};

Test race{"wait_queue.timeout_races_wakeup", [] {
    // Wake-ups at about the moment of the deadline: each wait ends once, by one or by the other.
    SpinLock lock;
    WaitQueue queue;
    unsigned ended = 0;
    bool stop = false;
    TestThread waker({.name = "waker", .cpu = last_cpu()}, [&] {
        while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
            queue.wake_one();
            spin_for(7 * microsecond);
        }
    });
    for (unsigned i = 0; i < 100; ++i) {
        SpinGuard guard(lock);
        queue.wait_until(guard, now_ns() + (20 + i % 9) * microsecond).ignore();
        ++ended;
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    EXPECT(ended == 100 && !queue.has_waiters());
}};

Test ping_pong{"wait_queue.no_lost_wakeup", [] {
    SpinLock lock;
    WaitQueue queue;
    constexpr uint64_t rounds = 300;
    uint64_t ball = 0;
    const auto player = [&](uint64_t parity) {
        return [&, parity] {
            SpinGuard guard(lock);
            while (ball < rounds) {
                if (ball % 2 == parity) {
                    ++ball;
                    queue.wake_all();
                } else {
                    queue.wait(guard);
                }
            }
        };
    };
    {
        TestThread even({.name = "even", .cpu = 0}, player(0));
        TestThread odd({.name = "odd", .cpu = last_cpu()}, player(1));
    }
    EXPECT(ball == rounds);
}};

Test sticky{"event.sticky", [] {
    Event event;
    EXPECT(!event.signalled());
    EXPECT(event.wait_until(now_ns() + 100 * microsecond) == Code::TIMED_OUT);
    event.signal();
    event.signal();
    event.wait();
    EXPECT(event.signalled());
    event.consume();
    EXPECT(!event.signalled());
}};

Test wakes_all{"event.wakes_all", [] {
    Event event;
    {
        TestThread first({.name = "first"}, [&] { event.wait(); });
        TestThread second({.name = "second"}, [&] { event.wait(); });
        wait_until([&] {
            return first.thread()->state() == ThreadState::Blocked && second.thread()->state() == ThreadState::Blocked;
        });
        event.signal();
    }
    EXPECT(event.signalled());
}};

Test lives_on_a_stack{"event.freed_by_its_waiter", [] {
    // The waiter's frame, event and all, is gone as soon as it is woken, while the signaller may still be inside.
    for (unsigned i = 0; i < 50; ++i) {
        Event done;
        Event* shared = &done;
        TestThread signaller({.name = "signaller", .cpu = last_cpu()}, [shared] { shared->signal(); });
        done.wait();
    }
    EXPECT(spin_locks_held() == 0);
}};

Test exclusion{"spinlock.exclusion", [] {
    SpinLock lock;
    constexpr uint64_t each = 2000;
    volatile uint64_t count = 0;
    const auto body = [&] {
        for (uint64_t i = 0; i < each; ++i) {
            SpinGuard guard(lock);
            const uint64_t seen = count;
            count = seen + 1;
        }
    };
    {
        TestThread first({.name = "first", .cpu = 0}, body);
        TestThread second({.name = "second", .cpu = last_cpu()}, body);
        TestThread third({.name = "third", .cpu = 0}, body);
    }
    EXPECT(count == 3 * each);
}};

Test held{"spinlock.count_held", [] {
    SpinLock outer;
    SpinLock inner;
    EXPECT(spin_locks_held() == 0);
    {
        SpinGuard first(outer);
        EXPECT(spin_locks_held() == 1 && outer.held_here() && !arch::irq_enabled());
        SpinGuard second(inner);
        EXPECT(spin_locks_held() == 2);
    }
    EXPECT(spin_locks_held() == 0 && !outer.held_here() && arch::irq_enabled());
}};

Test twice{"panic.spin_lock_twice", [] {
    SpinLock lock;
    SpinGuard first(lock);
    SpinGuard second(lock);
}};

}

}
