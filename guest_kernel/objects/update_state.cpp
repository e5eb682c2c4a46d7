#include "objects/update_state.h"

namespace objects {

const char* name_of(UpdateState state)
{
    switch (state) {
    case UpdateState::Staged: return "staged";
    case UpdateState::Applying: return "applying";
    case UpdateState::Cancelling: return "cancelling";
    case UpdateState::Active: return "active";
    case UpdateState::Superseded: return "superseded";
    case UpdateState::Reverting: return "reverting";
    case UpdateState::Reverted: return "reverted";
    case UpdateState::Aborted: return "aborted";
    case UpdateState::Stuck: return "stuck";
    case UpdateState::Unloaded: return "unloaded";
    }
    return "unknown";
}

bool allowed(UpdateState from, UpdateState to)
{
    using enum UpdateState;
    switch (from) {
    case Staged: return to == Applying || to == Aborted;
    case Applying: return to == Cancelling || to == Active || to == Aborted;
    case Cancelling: return to == Aborted || to == Stuck;
    case Active: return to == Superseded || to == Reverting || to == Unloaded;
    // A revert that has changed nothing leads back to Active.
    case Reverting: return to == Reverted || to == Stuck || to == Active;
    // Its successor was reverted.
    case Superseded: return to == Active || to == Unloaded;
    case Stuck: return to == Reverting;
    case Reverted: return to == Unloaded;
    case Aborted:
    case Unloaded: return false;
    }
    return false;
}

}
