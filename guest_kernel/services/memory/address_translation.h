// A process' effective addresses: what its programs find where.
#pragma once

#include "objects/class_record.h"
#include "objects/root.h"
#include "services/memory/access.h"

namespace services {

// HAT in the reference. Knows frames and protections, nothing of files, regions or whose the frames are.
class AddressTranslation : public objects::Object {
public:
    static objects::Kind kind;

    struct Creation {};

    // Once, before anything else: takes a tree and the number that selects it. NO_MEMORY, BUSY when every number is in use.
    virtual kernel::Status open() = 0;
    // For kernel::Thread::set_pid of a thread that runs the process' program.
    virtual kernel::Result<uint64_t> process_id() = 0;
    // The page at `address` leads to `frame`, a page in the linear map. A page that leads there already gets the rights it
    // lacks; it keeps those it has. EXISTS when it leads elsewhere, NO_MEMORY.
    virtual kernel::Status map(uint64_t address, void* frame, arch::Protection protection) = 0;
    // The page leads nowhere and every CPU has forgotten it. Does not look first whether there is anything to forget: who
    // calls knows what is mapped.
    virtual kernel::Status unmap(uint64_t address) = 0;
    // Times that every CPU was made to forget a page.
    virtual kernel::Result<uint64_t> synchronisations() = 0;

    using Methods = objects::MethodList<&AddressTranslation::open, &AddressTranslation::process_id, &AddressTranslation::map,
        &AddressTranslation::unmap, &AddressTranslation::synchronisations>;

protected:
    ~AddressTranslation() = default;
};

}
