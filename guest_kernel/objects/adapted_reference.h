// One reference whose object has got another one.
#pragma once

#include "objects/adaptor_gate.h"
#include "objects/adaptor_group.h"
#include "objects/dead_reference.h"

namespace objects {

// Preparing -> InPlace -> Dead -> (freed). From each of them -> Going -> (freed).
enum class AdaptedState : uint8_t { Preparing, InPlace, Dead, Going };

const char* name_of(AdaptedState state);

// How calls go through two adaptors as through one: shared by all references that have the two one behind the other.
struct Composition {
    AdaptorMap map;
    const AdaptorMap* first = nullptr;
    const AdaptorMap* second = nullptr;
    unsigned users = 0;
    Composition* following = nullptr;
};

struct AdaptedReference {
    // What the keeper has begun to do with it, and ends a generation later.
    enum class Work : uint8_t { None, Face, Burial, Watch, Removal };

    Reference old = nullptr;
    AdaptorGroup* group = nullptr;
    kernel::Owned<Adaptor> adaptor;
    kernel::Owned<DeadReference> dead;
    // Where the object is to come, until it has come there: a new reference...
    Reference reserved = nullptr;
    // ...before which this stands if a swap brings it...
    kernel::Owned<AdaptorGate> gate;
    // ...or the adapted one that the object goes back to.
    AdaptedReference* back_to = nullptr;
    // Null as long as calls go to the next reference.
    Composition* composition = nullptr;
    // Callers may still be on their way through these.
    kernel::Owned<AdaptorFace> earlier_face;
    Composition* earlier_composition = nullptr;
    AdaptedState state = AdaptedState::Preparing;
    // Set at the commit, where no mutex is waited for: then Preparing means InPlace.
    bool committed = false;
    // Somebody is busy with it: nobody else changes its state or frees it.
    bool held = false;
    // Whether the entry of `old` goes too.
    bool reclaims_entry = true;
    Work work = Work::None;
    // The keeper found it in place in an earlier look, or this one: faces that led past it are known.
    bool noticed = false;
    // Calls on the dead reference that have been told of, and when the keeper looked last.
    uint64_t told = 0;
    uint64_t seen = 0;
    kernel::ListLink<AdaptedReference> link;
};

struct AdaptedStatus {
    Reference old;
    Reference target;
    AdaptedState state;
    // Of a class: through all adaptors of the plan.
    uint64_t calls;
    // Instances of caller classes, other adaptors, and pins; `known` is false for an adaptor that stays until removed.
    uint64_t callers_left;
    bool known;
    // Code that is no object calls it.
    bool permanent;
};

}
