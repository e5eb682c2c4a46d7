// The caches of anonymous memory in the new interface; who calls the old one gets an adaptor.

#include "services/memory/fcm_default.h"

#include "callers.h"
#include "file_cache.h"
#include "objects/adaptation.h"
#include "objects/adaptors.h"
#include "objects/update.h"

namespace services::v2 {

// The shipped cache is a part of this one.
class FCMDefault final : public objects::Rep<FileCache> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit FCMDefault(objects::Root& root) : Rep(root), m_cache(root) {}
    FCMDefault(objects::Root& root, const Creation& creation) : Rep(root), m_cache(root, creation) {}

    kernel::Status open() override { return m_cache.open(); }
    kernel::Status close(kernel::Ticket* ticket) override { return m_cache.close(ticket); }
    kernel::Result<uint64_t> resident() override { return m_cache.figure(CacheFigure::Pages); }
    kernel::Status open_window(const CacheWindow* window) override { return m_cache.open_window(window); }
    kernel::Status close_window(objects::Reference region) override { return m_cache.close_window(region); }
    kernel::Status map_page(const PageFault* fault, kernel::Ticket* ticket) override
    {
        return m_cache.map_page(fault, ticket);
    }
    kernel::Status read(uint64_t offset, void* to, uint64_t bytes, kernel::Ticket* ticket) override
    {
        return m_cache.read(offset, to, bytes, ticket);
    }
    kernel::Status write(uint64_t offset, const void* from, uint64_t bytes, kernel::Ticket* ticket) override
    {
        return m_cache.write(offset, from, bytes, ticket);
    }
    kernel::Status truncate(uint64_t bytes, kernel::Ticket* ticket) override { return m_cache.truncate(bytes, ticket); }
    kernel::Status discard(uint64_t first_page, uint64_t pages, kernel::Ticket* ticket) override
    {
        return m_cache.discard(first_page, pages, ticket);
    }
    kernel::Status sync(SyncKind kind, kernel::Ticket* ticket) override { return m_cache.sync(kind, ticket); }
    kernel::Result<uint64_t> give_back(uint64_t pages, uint64_t keep, kernel::Ticket* ticket) override
    {
        const uint64_t held = TRY(resident());
        if (held <= keep)
            return uint64_t{0};
        return m_cache.give_back(pages < held - keep ? pages : held - keep, ticket);
    }
    kernel::Status transfers_ended(kernel::Ticket* ticket) override { return m_cache.transfers_ended(ticket); }
    kernel::Result<uint64_t> figure(CacheFigure which) override { return m_cache.figure(which); }

    FileCacheState& state() { return m_cache.state(); }
    const FileCacheState& state() const { return m_cache.state(); }

private:
    // Its page manager calls the old interface: it knows the cache by a reference that speaks that.
    class Cache final : public v1::FCMDefault {
    public:
        using v1::FCMDefault::FCMDefault;

        kernel::Status open() override { return m_state.creation.manager->attach_cache(TRY(as_first())); }
        kernel::Status close(kernel::Ticket* ticket) override
        {
            TRY(resume(*ticket));
            {
                kernel::MutexGuard guard(m_lock);
                TRY(drop_range(0, all_pages, *ticket));
            }
            return m_state.creation.manager->detach_cache(TRY(as_first()));
        }

    private:
        kernel::Result<objects::Ref<services::FileCache>> as_first() const
        {
            const objects::Reference reference
                = TRY(objects::adaptors().offer(root().reference(), *v1::FCMDefault::descriptor.interface));
            return objects::Ref<services::FileCache>(reference);
        }
    };

    Cache m_cache;
};

using FCMDefaultRoot = WholeStateRoot<FCMDefault, FileCacheState, FileCache, file_cache_format>;

constinit objects::FactoryMadeClass FCMDefault::descriptor
    = objects::factory_class<FCMDefaultRoot>("FCMDefault", file_cache_kind, 2);

static const objects::ClassRegistration registration(FCMDefault::descriptor);

namespace {

using First = services::FileCache;
using Second = FileCache;

const objects::Adaptation<First, Second,
    objects::ChangedArguments<&First::give_back, &Second::give_back, objects::Argument<0>, objects::Value<uint64_t{0}>,
        objects::Argument<1>>>
    old_to_new;

const objects::Adaptation<Second, First, objects::Answered<&Second::resident, kernel::Code::UNSUPPORTED>,
    objects::ChangedArguments<&Second::give_back, &First::give_back, objects::Argument<0>, objects::Argument<2>>>
    new_to_old;

// What makes and ends caches, and the clients of a workload, are no objects.
constinit objects::AdaptorPlan plan
    = objects::adaptor_plan<objects::Adaptor>(old_to_new, callers::of_old, "the kernel's own code");
constinit objects::AdaptorPlan way_back = objects::adaptor_plan<objects::Adaptor>(new_to_old, callers::of_new);

}

}

extern "C" kernel::Status module_init()
{
    objects::UpdateOptions options;
    options.adaptor = &services::v2::plan;
    options.way_back = &services::v2::way_back;
    return objects::update_class(services::v2::FCMDefault::descriptor, options);
}
