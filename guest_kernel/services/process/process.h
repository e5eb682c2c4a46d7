// A program's address space and the regions in it.
#pragma once

#include "kernel/park.h"
#include "objects/class_record.h"
#include "objects/root.h"
#include "services/memory/access.h"

namespace services {

class AddressTranslation;
class PageManager;
class Region;

// Knows where its regions are and leads the faults of its programs to them. It owns neither the address space nor the
// regions nor the page manager: whoever made them destroys them (make_process, destroy_process).
class Process : public objects::Object {
public:
    struct Creation {
        objects::Ref<AddressTranslation> translation;
        objects::Ref<PageManager> manager;
    };
    static objects::Kind kind;

    // The region is open. EXISTS when it overlaps another, NO_MEMORY.
    virtual kernel::Status attach(objects::Ref<Region> region, uint64_t address, uint64_t pages) = 0;
    // Faults that come from now on do not find it. NOT_FOUND.
    virtual kernel::Status detach(objects::Ref<Region> region) = 0;
    // The region that has the address; NOT_FOUND.
    virtual kernel::Result<objects::LocalEntry*> region_at(uint64_t address) = 0;
    // A region that is attached; NOT_FOUND when there is none.
    virtual kernel::Result<objects::LocalEntry*> any_region() = 0;
    // A program of the process has touched an address in vain. Success: the instruction can start again. May be parked.
    // FAULT when no region allows it; errors of Region::handle_fault.
    virtual kernel::Status handle_fault(uint64_t address, Access access, kernel::Ticket* ticket) = 0;
    virtual kernel::Result<objects::LocalEntry*> translation() = 0;
    virtual kernel::Result<objects::LocalEntry*> manager() = 0;
    virtual kernel::Result<uint64_t> regions() = 0;
    // Faults that were handled, each counted once however often it was parked.
    virtual kernel::Result<uint64_t> faults() = 0;

    using Methods = objects::MethodList<&Process::attach, &Process::detach, &Process::region_at, &Process::any_region,
        &Process::handle_fault, &Process::translation, &Process::manager, &Process::regions, &Process::faults>;

protected:
    ~Process() = default;
};

}
