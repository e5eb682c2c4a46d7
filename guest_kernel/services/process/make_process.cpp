#include "services/process/make_process.h"

#include "objects/lifetime.h"

namespace services {

using kernel::Result;
using kernel::Status;
using objects::Ref;

Result<Ref<Process>> make_process(Ref<PageManager> manager)
{
    const auto translation = TRY(make_address_translation());
    const auto process = objects::create_default<Process>({translation, manager});
    if (!process.ok())
        destroy_address_translation(translation).ignore();
    return process;
}

Status map(Ref<Process> process, Ref<FileCache> cache, uint64_t address, uint64_t pages, arch::Protection protection,
    uint64_t first_page)
{
    const Ref<AddressTranslation> translation(TRY(process->translation()));
    const auto region = TRY(make_region({translation, cache, address, pages, first_page, protection}));
    const Status attached = process->attach(region, address, pages);
    if (!attached.ok())
        destroy_region(region).ignore();
    return attached;
}

Status unmap(Ref<Process> process, uint64_t address)
{
    const Ref<Region> region(TRY(process->region_at(address)));
    TRY(process->detach(region));
    return destroy_region(region);
}

Status destroy_process(Ref<Process> process)
{
    const Ref<AddressTranslation> translation(TRY(process->translation()));
    for (auto any = process->any_region(); any.ok(); any = process->any_region()) {
        const Ref<Region> region(any.value());
        TRY(process->detach(region));
        TRY(destroy_region(region));
    }
    TRY(objects::destroy(process.reference()));
    return destroy_address_translation(translation);
}

}
