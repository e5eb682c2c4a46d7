// What a program touched when it stopped.
#pragma once

#include "arch/ppc64/user.h"
#include "services/memory/access.h"

namespace services {

struct UserFault {
    uint64_t address = 0;
    Access access = Access::Read;
};

// Of a data or instruction storage interrupt, with which arch::run_user came back; false for any other.
bool fault_of(const arch::UserContext& context, arch::Vector vector, UserFault& fault);

}
