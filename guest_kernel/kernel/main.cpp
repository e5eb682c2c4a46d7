// From the boot stacks to a running system.

#include "arch/ppc64/boot.h"
#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/image.h"
#include "kernel/boot_argument.h"
#include "kernel/entry.h"
#include "kernel/event.h"
#include "kernel/frames.h"
#include "kernel/init.h"
#include "kernel/interrupt_controller.h"
#include "kernel/page_source.h"
#include "kernel/panic.h"
#include "kernel/power.h"
#include "kernel/print.h"
#include "kernel/reaper.h"
#include "kernel/scheduler.h"
#include "kernel/test.h"

namespace kernel {

namespace {

constexpr uint64_t megabyte = 1 << 20;

alignas(Thread) char idle_threads[abi::MAX_CPUS][sizeof(Thread)];
// Signalled by each CPU but the first when it takes part.
constinit Event cpu_online[abi::MAX_CPUS];

// The boot stack, from here on the idle thread's.
void become_idle_thread(unsigned cpu)
{
    const arch::StackArea& stack = arch::cpu_stacks[cpu].boot;
    Thread& idle = Thread::make_idle(idle_threads[cpu], cpu, stack.low(), stack.high());
    Scheduler::of(cpu).initialise(cpu, idle);
}

// Entered with interrupts off.
[[noreturn]] void idle_loop()
{
    for (;;) {
        // An interrupt between the look and the wait is not lost: IDLE returns when one is pending, though interrupts
        // are off.
        if (arch::this_cpu().need_reschedule == 0)
            arch::idle();
        reschedule_if_allowed();
        arch::irq_enable();
        arch::irq_disable();
    }
}

void start_other_cpus()
{
    for (unsigned cpu = 1; cpu < arch::cpu_count(); ++cpu) {
        check(arch::start_cpu(cpu).ok(), "every CPU starts");
        cpu_online[cpu].wait();
    }
}

[[noreturn]] void run_tests_and_stop()
{
    // The shipped page allocator has a race that tests of other things must not meet, and keeps for itself what it once
    // has, of which a test may take all there is.
    const OtherPageSource pages(frame_pool());
    char prefix[64];
    boot_argument("tests", prefix, sizeof(prefix));
    const unsigned failed = run_tests(prefix);
    arch::notify(abi::Stage::TESTS_ENDED, failed);
    power_off();
}

// The first thread.
void start_system(uint64_t)
{
    check(Reaper::start().ok(), "there is memory for the first threads");
    start_other_cpus();
    print("evergreen: %u CPUs, %lu MB", arch::cpu_count(), arch::boot_info().memory_bytes / megabyte);
    run_init_functions(InitStage::Devices);
    run_init_functions(InitStage::Objects);
    run_init_functions(InitStage::Services);
    run_init_functions(InitStage::Monitor);
    arch::notify(abi::Stage::READY);
    if (abi::has(arch::boot_info().flags, abi::BootFlag::RUN_TESTS))
        run_tests_and_stop();
    run_init_functions(InitStage::Workload);
}

void start_first_thread()
{
    const ThreadOptions options{.name = "start", .cpu = 0, .counted = false};
    check(Thread::create(options, start_system, 0).ok(), "there is memory for the first threads");
}

}

void main(unsigned cpu)
{
    become_idle_thread(cpu);
    initialise_interrupts(cpu);
    if (cpu == 0) {
        const arch::RamRange ram = arch::free_ram();
        initialise_frames(ram.begin, ram.end);
        start_first_thread();
    } else {
        cpu_online[cpu].signal();
    }
    idle_loop();
}

}
