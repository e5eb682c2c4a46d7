#include "kernel/power.h"

#include "arch/ppc64/hypercall.h"
#include "kernel/device_register.h"

namespace kernel {

void power_off()
{
    write_register(abi::DevicePage::POWER, abi::PowerRegister::COMMAND, static_cast<uint64_t>(abi::PowerCommand::OFF));
    // The machine stops at the end of this block.
    for (;;)
        arch::idle();
}

}
