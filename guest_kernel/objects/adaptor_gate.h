// What calls meet on a reference that is about to get its object.
#pragma once

#include "objects/mediator.h"

namespace objects {

// Before the swap blocks calls nobody has any business with the new reference: BUSY. While state moves, callers wait as
// those of the old reference do.
class AdaptorGate final : public Interposer {
public:
    explicit AdaptorGate(Reference reference) : Interposer(reference, Rank::Gate) {}

    // The swap that the object comes by; none when the object moves as it is.
    void belong_to(Mediator& mediator) { m_mediator = &mediator; }

    Route enter(const CallSite& site) override;
    void leave(const CallRecord& record) override;
    const char* kind() const override { return "gate"; }

private:
    Mediator* m_mediator = nullptr;
};

}
