// How a program touches memory.
#pragma once

#include <stdint.h>

#include "arch/ppc64/mmu.h"

namespace services {

enum class Access : uint8_t { Read, Write, Execute };

// Whether memory of this protection may be touched so.
constexpr bool allows(arch::Protection protection, Access access)
{
    switch (access) {
    case Access::Read: return true;
    case Access::Write: return protection == arch::Protection::READ_WRITE;
    case Access::Execute: return protection == arch::Protection::READ_EXECUTE;
    }
    return false;
}

}
