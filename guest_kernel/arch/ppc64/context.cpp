#include "arch/ppc64/context.h"

#include "arch/ppc64/cpu.h"
#include "arch/ppc64/percpu.h"
#include "kernel/irq_guard.h"

extern "C" {
arch::Context* switch_context(arch::Context* from, arch::Context* to);
extern const char thread_start[];
}

namespace arch {

namespace {

// What KEEP_REGISTERS pushes (asm_keep.h), with the caller's frame header above it.
struct KeptFrame {
    uint64_t back_chain;
    uint64_t header[3];
    uint64_t gpr[18]; // r14 to r31
    uint64_t argument;
    uint64_t unused;
    uint64_t caller_back_chain;
    uint64_t caller_cr;
    uint64_t caller_lr;
    uint64_t caller_toc;
};
static_assert(offsetof(KeptFrame, gpr) == KEEP_GPR(14));
static_assert(offsetof(KeptFrame, argument) == KEEP_ARGUMENT);
static_assert(offsetof(KeptFrame, caller_back_chain) == KEEP_FRAME);
static_assert(offsetof(KeptFrame, caller_lr) == KEEP_FRAME + STACK_LR);

}

void Context::prepare(uint64_t low, uint64_t high, ThreadEntry entry, uint64_t argument)
{
    stack_low = low;
    stack_high = high;
    auto* frame = reinterpret_cast<KeptFrame*>(high - sizeof(KeptFrame));
    *frame = {};
    frame->back_chain = reinterpret_cast<uint64_t>(&frame->caller_back_chain);
    frame->gpr[0] = reinterpret_cast<uint64_t>(entry);
    frame->gpr[1] = argument;
    frame->caller_lr = reinterpret_cast<uint64_t>(thread_start);
    stack_pointer = reinterpret_cast<uint64_t>(frame);
}

namespace {

void load_pid(uint64_t pid)
{
    write_spr<SPR_PIDR>(pid);
    // Accesses to user addresses from here on must use the new tree.
    barrier_instruction();
}

// The exception entry must know the stack it may use and the thread whose r13 it gives to handlers.
void announce(const Context& context)
{
    PerCpu& percpu = this_cpu();
    percpu.current_thread = context.thread;
    set_stack(percpu, {context.stack_low, context.stack_high});
    write_spr<SPR_SPRG3>(context.thread_id);
}

}

void Context::set_pid(uint64_t new_pid)
{
    // A switch between the two would load the register from the field.
    kernel::IrqGuard guard;
    pid = new_pid;
    if (this_cpu().current_thread == thread)
        load_pid(new_pid);
}

void adopt_current(Context& context)
{
    announce(context);
    asm volatile("mr 13, %0" : : "r"(context.thread));
}

Context* switch_to(Context& from, Context& to)
{
    if (from.pid != to.pid)
        load_pid(to.pid);
    // Until r1 follows, a system reset finds it outside the stack and goes to the emergency stack, which is free.
    announce(to);
    return switch_context(&from, &to);
}

}
