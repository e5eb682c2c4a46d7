// One instance, one version on: the part of a lazy conversion that may run code of a module.
#pragma once

#include "objects/conversion.h"
#include "objects/guarded_task.h"
#include "objects/mark.h"

namespace objects {

struct AdaptedReference;

// Its maker is counted, which keeps the old root.
//
// What takes memory, and may therefore wait for other objects, is done before the instance is claimed, and a second
// caller that comes meanwhile does the same and loses. From the claim to the end nothing is allocated, no object is
// called and nobody is waited for: so callers wait in front of a claimed instance for something that cannot wait for
// them. The state does not change between, since nobody is inside a marked instance.
class LazyStep final : public GuardedTask {
public:
    // `next`: the class it is to have, null when that is not registered. If its interface is another one, the instance gets
    // another reference as well, and its old one an adaptor.
    LazyStep(Reference reference, Root& old, const ClassDescriptor* next)
        : m_reference(reference), m_old(old), m_next(next) {}
    LazyStep(const LazyStep&) = delete;
    LazyStep& operator=(const LazyStep&) = delete;

    Status run() override;
    // Leads the reference to the old version again unless the new one serves, and lets the waiting callers go on.
    void finish(Status status) override;

private:
    enum class Progress : uint8_t { Preparing, Lost, Claimed, Committed };

    Status prepare();
    Status prepare_adaptor();
    Status transfer();
    void commit();
    void lead_to(Root& root, Mark then);
    void fail(Code reason);
    bool others_marked() const;

    Reference m_reference;
    Root& m_old;
    const ClassDescriptor* m_next;
    Conversion m_conversion;
    // When the interface changes: the reference that the instance leaves.
    AdaptedReference* m_adapted = nullptr;
    Progress m_progress = Progress::Preparing;
};

// Until the instance is not being converted.
void wait_while_converting(Reference reference);

}
