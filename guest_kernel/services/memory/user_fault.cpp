#include "services/memory/user_fault.h"

namespace services {

namespace {

// DSISR: the access was a store.
constexpr uint64_t dsisr_store = 0x0200'0000;

}

bool fault_of(const arch::UserContext& context, arch::Vector vector, UserFault& fault)
{
    const auto& registers = context.registers;
    if (vector == arch::Vector::DATA_STORAGE)
        fault = {registers.dar, (registers.dsisr & dsisr_store) != 0 ? Access::Write : Access::Read};
    else if (vector == arch::Vector::INSTRUCTION_STORAGE)
        fault = {registers.srr0, Access::Execute};
    else
        return false;
    return true;
}

}
