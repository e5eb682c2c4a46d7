#include "services/memory/memory.h"

#include "kernel/init.h"
#include "kernel/thread.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/files/file_cache_maker.h"
#include "services/files/file_representative.h"
#include "services/memory/fcm_default.h"
#include "services/memory/fcm_file.h"
#include "services/memory/hat_default.h"
#include "services/memory/page_allocator.h"
#include "services/memory/pm_leaf.h"
#include "services/memory/pm_root.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;

namespace {

constexpr char root_name[] = "page-manager";
// With the caches of files.
constexpr char file_leaf_name[] = "file-page-manager";

// What cannot be opened is destroyed again.
template <typename Interface>
Result<objects::Ref<Interface>> opened(Result<objects::Ref<Interface>> made)
{
    const auto object = TRY(made);
    const Status status = object->open();
    if (status.ok())
        return object;
    objects::destroy(object.reference()).ignore();
    return status;
}

}

Result<objects::Ref<AddressTranslation>> make_address_translation()
{
    return opened(objects::create<HATDefaultRoot>(AddressTranslation::Creation()));
}

Result<objects::Ref<Region>> make_region(const Region::Creation& creation)
{
    return opened(objects::create_default<Region>(creation));
}

Result<objects::Ref<Region>> make_region_of(const char* interface_name, const Region::Creation& creation)
{
    const auto* kind = objects::find_kind(interface_name);
    const objects::Ref<objects::Factory> factory(
        kind == nullptr ? nullptr : __atomic_load_n(&kind->default_factory, __ATOMIC_ACQUIRE));
    if (!factory)
        return Code::NOT_FOUND;
    return opened(Result(objects::Ref<Region>(TRY(objects::create_by(factory, &creation)))));
}

Result<objects::Ref<FileCache>> make_anonymous_cache(objects::Ref<PageManager> manager)
{
    return opened(objects::create<FCMDefaultRoot>(FileCache::Creation{manager, {}}));
}

Result<objects::Ref<FileCache>> make_file_cache(objects::Ref<PageManager> manager, objects::Ref<FileRepresentative> file)
{
    return opened(objects::create<FCMFileRoot>(FileCache::Creation{manager, file}));
}

Result<objects::Ref<PageManager>> make_page_manager(objects::Ref<PageManager> parent, uint64_t limit)
{
    const auto manager = TRY(objects::create<PMLeafRoot>(PageManager::Creation{{}, parent, limit}));
    const Status status = parent->attach_manager(manager);
    if (status.ok())
        return manager;
    objects::destroy(manager.reference()).ignore();
    return status;
}

Status destroy_address_translation(objects::Ref<AddressTranslation> translation)
{
    return objects::destroy(translation.reference());
}

Status destroy_region(objects::Ref<Region> region)
{
    TRY(region->close(&kernel::current_thread()->ticket()));
    return objects::destroy(region.reference());
}

Status destroy_cache(objects::Ref<FileCache> cache, kernel::Ticket* ticket)
{
    const Status closed = cache->close(ticket);
    if (!closed.ok() && closed != Code::IO_ERROR)
        return closed;
    TRY(objects::destroy(cache.reference()));
    return closed;
}

Status destroy_page_manager(objects::Ref<PageManager> manager, objects::Ref<PageManager> parent)
{
    TRY(parent->detach_manager(manager));
    return objects::destroy(manager.reference());
}

objects::Ref<PageManager> root_page_manager()
{
    return objects::Ref<PageManager>(objects::find_name(root_name));
}

namespace {

Status start()
{
    const objects::Ref<PageAllocator> allocator(objects::find_name("page-allocator"));
    const auto manager = TRY(objects::create<PMRootRoot>(PageManager::Creation{allocator, {}, 0}));
    TRY(objects::give_name(root_name, manager.reference()));
    const auto leaf = TRY(make_page_manager(manager, 0));
    TRY(objects::give_name(file_leaf_name, leaf.reference()));
    set_file_cache_maker([](objects::Reference representative) -> Result<objects::Reference> {
        const objects::Ref<PageManager> files(objects::find_name(file_leaf_name));
        return TRY(make_file_cache(files, objects::Ref<FileRepresentative>(representative))).reference();
    });
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction page_manager{
    kernel::InitStage::Services, "memory.page_manager", start};

}

}
