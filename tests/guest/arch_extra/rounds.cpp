// Does the same thing many times, as the boot arguments say (`registers=N`, `deep=N`, `calls=N`, `switches=N`), and reports
// whether each time was right: so that a test can disturb every instruction of it.
#include "arch/ppc64/address_space.h"
#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/mmu.h"
#include "arch/ppc64/percpu.h"
#include "arch/ppc64/user.h"
#include "kernel/boot_argument.h"
#include "kernel/event.h"
#include "kernel/frames.h"
#include "kernel/init.h"
#include "kernel/irq_guard.h"
#include "kernel/print.h"
#include "kernel/thread.h"

extern "C" {
uint64_t keep_registers(uint64_t rounds);
uint64_t keep_over_call(void (*function)(), uint64_t value);
uint64_t keep_registers_at(uint64_t rounds, uint64_t stack);
extern const char program_increment[], program_increment_end[];
}

namespace {

using kernel::Status;

constexpr uint64_t user_text = 0x1000'0000;

uint64_t number_argument(const char* name)
{
    char text[16];
    kernel::boot_argument(name, text, sizeof(text));
    uint64_t number = 0;
    for (const char* digit = text; *digit != 0; ++digit)
        number = number * 10 + static_cast<uint64_t>(*digit - '0');
    return number;
}

void report(const char* what, bool right) { kernel::print("%s %s", what, right ? "right" : "WRONG"); }

// So near the end of the stack that no exception can be handled on it; a timer interrupt would be fatal.
bool keep_registers_deep(uint64_t rounds)
{
    kernel::IrqGuard guard;
    return keep_registers_at(rounds, arch::this_cpu().stack.low + STACK_RESERVE - 0x100) == 1;
}

// Every system call adds one to r3, and the other registers stay.
bool make_system_calls(uint64_t rounds)
{
    arch::UserContext context;
    context.start(user_text, 0, 0);
    for (unsigned i = 14; i < 32; ++i)
        context.registers.gpr[i] = i;
    for (uint64_t round = 1; round <= rounds; ++round) {
        if (arch::run_user(context) != arch::Vector::SYSTEM_CALL || context.registers.gpr[3] != round)
            return false;
    }
    for (unsigned i = 14; i < 32; ++i) {
        if (context.registers.gpr[i] != i)
            return false;
    }
    return true;
}

Status run_program(uint64_t rounds)
{
    arch::AddressSpace space;
    const Status opened = space.open();
    if (!opened.ok())
        return opened;
    const uint64_t frame = TRY(kernel::allocate_frames(1));
    auto* to = static_cast<char*>(arch::linear(frame));
    for (const char* from = program_increment; from != program_increment_end; ++from)
        *to++ = *from;
    arch::code_sync(frame, abi::PAGE_SIZE);
    TRY(space.map(user_text, frame, arch::Protection::READ_EXECUTE));
    kernel::current_thread()->set_pid(space.pid());
    report("calls", make_system_calls(rounds));
    kernel::current_thread()->set_pid(arch::EMPTY_PID);
    space.close();
    return {};
}

// Two threads of one CPU take turns.
struct Turns {
    uint64_t rounds;
    uint64_t taken = 0;
    kernel::Event done;
};

void take_turns(uint64_t argument)
{
    auto& turns = *reinterpret_cast<Turns*>(argument);
    for (uint64_t round = 0; round < turns.rounds; ++round) {
        turns.taken = turns.taken + keep_over_call(kernel::yield, argument);
    }
    turns.done.signal();
}

Status switch_threads(uint64_t rounds)
{
    Turns turns[2] = {{rounds, 0, {}}, {rounds, 0, {}}};
    const kernel::ThreadOptions options{.name = "turns", .cpu = 0, .counted = false};
    for (Turns& each : turns)
        TRY(kernel::Thread::create(options, take_turns, reinterpret_cast<uint64_t>(&each)));
    for (Turns& each : turns)
        each.done.wait();
    report("switches", turns[0].taken == rounds && turns[1].taken == rounds);
    return {};
}

Status run()
{
    if (const uint64_t rounds = number_argument("registers"); rounds != 0)
        report("registers", keep_registers(rounds) == 1);
    if (const uint64_t rounds = number_argument("deep"); rounds != 0)
        report("deep", keep_registers_deep(rounds));
    if (const uint64_t rounds = number_argument("calls"); rounds != 0)
        TRY(run_program(rounds));
    if (const uint64_t rounds = number_argument("switches"); rounds != 0)
        TRY(switch_threads(rounds));
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction s_rounds{
    kernel::InitStage::Monitor, "aaa-rounds", run};

}
