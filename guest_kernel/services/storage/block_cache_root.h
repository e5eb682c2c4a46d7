// The root of every block cache: they differ in how they find a block, and hand over the same.
#pragma once

#include "objects/standard_factory.h"
#include "services/storage/block_cache.h"
#include "services/storage/cached_block.h"

namespace services {

// RepType has for_each(visit), adopt(CachedBlock&), which cannot fail, and forget_all().
template <typename RepType>
class BlockCacheRootOf final : public objects::SharedRoot<RepType> {
public:
    using InterfaceType = BlockCache;

    objects::FormatList exports() const override { return objects::FormatList::of(block_cache_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(block_cache_formats); }
    size_t transfer_size(const objects::Format&) const override { return objects::arena_size(parcel_bytes()); }

    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        if (!site.first())
            return {};
        TRY(arena.place(site.cpu, parcel_bytes()));
        auto** next = static_cast<CachedBlock**>(arena.parcel(site.cpu).data);
        this->m_rep.for_each([&next](CachedBlock& block) { *next++ = &block; });
        return {};
    }
    // Only notes what there is: the old cache goes on owning the blocks until the transfer commits.
    kernel::Status import_state(const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override
    {
        if (site.first())
            m_parcel = parcel;
        return {};
    }
    void commit_import() override
    {
        auto** blocks = static_cast<CachedBlock**>(m_parcel.data);
        for (size_t i = 0; i < m_parcel.size / sizeof(CachedBlock*); ++i)
            this->m_rep.adopt(*blocks[i]);
        m_parcel = {};
    }
    void relinquish() override { this->m_rep.forget_all(); }

private:
    size_t parcel_bytes() const { return this->m_rep.count() * sizeof(CachedBlock*); }

    // In the transfer's arena, between import and commit.
    objects::Parcel m_parcel;
};

}
