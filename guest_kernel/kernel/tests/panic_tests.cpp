#include "kernel/panic.h"

#include "arch/ppc64/percpu.h"
#include "kernel/test_thread.h"

namespace kernel {

namespace {

// Moves this thread to CPU 0, for whoever wants to know where the other one is.
void go_to_first_cpu()
{
    EXPECT(current_thread()->move_to(0).ok());
}

void wait_for(const bool& flag)
{
    while (!__atomic_load_n(&flag, __ATOMIC_ACQUIRE)) {
    }
}

Test spinning{"panic.other_cpu_spins_for_a_lock", [] {
    go_to_first_cpu();
    SpinLock lock;
    bool spins = false;
    TestThread spinner({.name = "spinner", .cpu = last_cpu()}, [&] {
        IrqGuard interrupts;
        __atomic_store_n(&spins, true, __ATOMIC_RELEASE);
        lock.lock();
    });
    SpinGuard guard(lock);
    wait_for(spins);
    panic("while CPU %d spins", last_cpu());
}};

Test deaf{"panic.other_cpu_does_not_answer", [] {
    go_to_first_cpu();
    bool loops = false;
    TestThread looper({.name = "looper", .cpu = last_cpu()}, [&] {
        IrqGuard interrupts;
        __atomic_store_n(&loops, true, __ATOMIC_RELEASE);
        const volatile bool for_ever = true;
        while (for_ever) {
        }
    });
    wait_for(loops);
    panic("while CPU %d does not answer", last_cpu());
}};

Test both{"panic.on_two_cpus_at_once", [] {
    go_to_first_cpu();
    bool ready = false;
    TestThread other({.name = "other", .cpu = last_cpu()}, [&] {
        IrqGuard interrupts;
        __atomic_store_n(&ready, true, __ATOMIC_RELEASE);
        panic("one of two");
    });
    IrqGuard interrupts;
    wait_for(ready);
    panic("one of two");
}};

}

}
