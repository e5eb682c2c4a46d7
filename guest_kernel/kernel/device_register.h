// Registers of devices: 8 bytes wide, reached by one load or store.
#pragma once

#include <stdint.h>

#include "abi.h"
#include "arch/ppc64/cpu.h"
#include "arch/ppc64/mmu.h"

namespace kernel {

inline volatile uint64_t* device_register(abi::DevicePage page, uint64_t offset)
{
    return reinterpret_cast<volatile uint64_t*>(arch::device_address(static_cast<uint64_t>(page)) + offset);
}

// Barrier: what is read from memory afterwards, a buffer that the device has filled, must not be read before the
// register that says so.
template <typename Register>
uint64_t read_register(abi::DevicePage page, Register offset)
{
    const uint64_t value = *device_register(page, static_cast<uint64_t>(offset));
    arch::barrier_full();
    return value;
}

// Barrier: what was written to memory before, a buffer that the device is to read, must be there when the register's
// store reaches the device.
template <typename Register>
void write_register(abi::DevicePage page, Register offset, uint64_t value)
{
    arch::barrier_full();
    *device_register(page, static_cast<uint64_t>(offset)) = value;
}

}
