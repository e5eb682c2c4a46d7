// How far an adapted reference is, as its lock-free commit leaves it.
#pragma once

#include "objects/adapted_reference.h"

namespace objects {

inline AdaptedState state_of(const AdaptedReference& record)
{
    const bool committed = __atomic_load_n(&record.committed, __ATOMIC_ACQUIRE);
    return record.state == AdaptedState::Preparing && committed ? AdaptedState::InPlace : record.state;
}

}
