// Regions that know both interfaces of file caches: those of anonymous memory have the new one, those of files the old.

#include "services/memory/region_default.h"

#include "file_cache.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/update.h"
#include "services/memory/paging_figures.h"

namespace services::v2 {

class RegionDefault final : public objects::Rep<Region> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit RegionDefault(objects::Root& root) : Rep(root) {}
    RegionDefault(objects::Root& root, const Creation& creation) : Rep(root), m_state(creation) { find_cache(); }

    kernel::Status open() override
    {
        const CacheWindow window{
            root().reference(), m_state.translation, m_state.address, m_state.first_page, m_state.pages};
        return m_new ? as_new()->open_window(&window) : m_state.cache->open_window(&window);
    }
    kernel::Status close(kernel::Ticket*) override
    {
        const objects::Reference self = root().reference();
        return m_new ? as_new()->close_window(self) : m_state.cache->close_window(self);
    }
    kernel::Result<uint64_t> address() override { return m_state.address; }
    kernel::Result<uint64_t> pages() override { return m_state.pages; }
    kernel::Status handle_fault(uint64_t address, Access access, kernel::Ticket* ticket) override
    {
        count(paging_figures().faults);
        const uint64_t page = (address - m_state.address) / abi::PAGE_SIZE;
        if (page >= m_state.pages || !allows(m_state.protection, access))
            return kernel::Code::FAULT;
        const PageFault fault{m_state.first_page + page, m_state.translation, m_state.address + page * abi::PAGE_SIZE,
            access, m_state.protection};
        return m_new ? as_new()->map_page(&fault, ticket) : m_state.cache->map_page(&fault, ticket);
    }
    kernel::Status discard(uint64_t address, uint64_t pages, kernel::Ticket* ticket) override
    {
        const uint64_t page = (address - m_state.address) / abi::PAGE_SIZE;
        if (page >= m_state.pages || pages > m_state.pages - page)
            return kernel::Code::FAULT;
        const uint64_t first = m_state.first_page + page;
        return m_new ? as_new()->discard(first, pages, ticket) : m_state.cache->discard(first, pages, ticket);
    }

    Creation& state() { return m_state; }
    const Creation& state() const { return m_state; }

    // The cache by its own reference, and which interface that speaks. Calls nobody.
    void find_cache()
    {
        const auto* second = objects::find_kind(file_cache_kind);
        const objects::Reference found = second == nullptr
            ? nullptr
            : objects::adaptors().speaking(m_state.cache.reference(), *second);
        m_new = found != nullptr;
        if (m_new)
            m_state.cache = objects::Ref<services::FileCache>(found);
    }
    // For the class before, which calls the old interface.
    kernel::Status hand_back(Creation& state) const
    {
        const auto& first = *objects::find_kind("FileCache");
        const objects::Reference found = objects::adaptors().speaking(m_state.cache.reference(), first);
        state.cache = objects::Ref<services::FileCache>(found);
        return found == nullptr ? kernel::Status(kernel::Code::REFUSED) : kernel::Status();
    }

private:
    objects::Ref<FileCache> as_new() const { return objects::Ref<FileCache>(m_state.cache.reference()); }

    Creation m_state;
    // Which of the two interfaces the reference speaks: it does so for good, for an adaptor comes when its object changes.
    bool m_new = false;
};

class RegionDefaultRoot final : public WholeStateRoot<RegionDefault, Region::Creation, Region, region_format> {
public:
    using Base = WholeStateRoot<RegionDefault, Region::Creation, Region, region_format>;
    using Base::Base;

    kernel::Status export_state(
        const objects::Format& to, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        TRY(Base::export_state(to, site, arena));
        return site.first() ? m_rep.hand_back(*static_cast<Region::Creation*>(arena.parcel(site.cpu).data))
                            : kernel::Status();
    }
    void commit_import() override
    {
        Base::commit_import();
        m_rep.find_cache();
    }
};

constinit objects::FactoryMadeClass RegionDefault::descriptor
    = objects::factory_class<RegionDefaultRoot>("RegionDefault", "Region", 2);

static const objects::ClassRegistration registration(RegionDefault::descriptor);

}

extern "C" kernel::Status module_init()
{
    return objects::update_class(services::v2::RegionDefault::descriptor);
}
