// Where an update stands.
#pragma once

#include <stdint.h>

namespace objects {

// Applying and Reverting end by themselves. Cancelling converges to the old version and ends as Aborted. Stuck: some
// instances could not be taken back, both versions are in service.
enum class UpdateState : uint8_t {
    Staged,
    Applying,
    Cancelling,
    Active,
    Superseded,
    Reverting,
    Reverted,
    Aborted,
    Stuck,
    Unloaded,
};

const char* name_of(UpdateState state);
// Whether an update in `from` may come to be in `to`.
bool allowed(UpdateState from, UpdateState to);

}
