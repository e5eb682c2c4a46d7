#include "arch/ppc64/user.h"

#include "arch/ppc64/address_space.h"
#include "arch/ppc64/cpu.h"

extern "C" {
uint64_t enter_problem_state(const arch::TrapFrame* registers);
uint64_t copy_user(void* destination, const void* source, size_t size);
}

namespace arch {

using kernel::Code;
using kernel::Status;

namespace {

bool is_user_range(uint64_t address, size_t size) { return address <= user_end && size <= user_end - address; }

Status copy(void* destination, const void* source, size_t size)
{
    return copy_user(destination, source, size) == 0 ? Status() : Status(Code::FAULT);
}

}

void UserContext::start(uint64_t entry, uint64_t stack, uint64_t argument)
{
    registers = {};
    registers.gpr[1] = stack;
    registers.gpr[3] = argument;
    registers.gpr[12] = entry;
    registers.srr0 = entry;
    registers.srr1 = read_msr() | ASM_MSR_PR | ASM_MSR_EE;
}

Vector run_user(UserContext& context)
{
    irq_disable();
    const auto vector = static_cast<Vector>(enter_problem_state(&context.registers));
    irq_enable();
    return vector;
}

Status copy_in(void* destination, uint64_t source, size_t size)
{
    if (!is_user_range(source, size))
        return Code::FAULT;
    return copy(destination, reinterpret_cast<const void*>(source), size);
}

Status copy_out(uint64_t destination, const void* source, size_t size)
{
    if (!is_user_range(destination, size))
        return Code::FAULT;
    return copy(reinterpret_cast<void*>(destination), source, size);
}

}
