#include "kernel/page_source.h"

#include "abi.h"
#include "arch/ppc64/mmu.h"
#include "kernel/frames.h"
#include "kernel/heap_rules.h"

namespace kernel {

namespace {

class FramePoolSource final : public PageSource {
public:
    constexpr FramePoolSource() = default;
    Result<void*> allocate_pages(size_t pages) override
    {
        const uint64_t physical = TRY(allocate_frames(pages));
        set_frame_owner(physical, FrameOwner::PageSource);
        return arch::linear(physical);
    }
    void free_pages(void* first, size_t pages) override { free_frames(arch::physical(first), pages); }
};

constinit FramePoolSource frame_pool_source;
constinit PageSource* permanent_source = &frame_pool_source;
constinit PageSource* other_source = nullptr;

// Acquire, and release where they are set: who sees a source sees it constructed.
PageSource* load(PageSource* const& source)
{
    return __atomic_load_n(&source, __ATOMIC_ACQUIRE);
}

}

void set_page_source(PageSource& source)
{
    __atomic_store_n(&permanent_source, &source, __ATOMIC_RELEASE);
}

PageSource& frame_pool()
{
    return frame_pool_source;
}

OtherPageSource::OtherPageSource(PageSource& source) : m_previous(load(other_source))
{
    __atomic_store_n(&other_source, &source, __ATOMIC_RELEASE);
}

OtherPageSource::~OtherPageSource()
{
    __atomic_store_n(&other_source, m_previous, __ATOMIC_RELEASE);
}

Result<void*> allocate_pages(size_t pages)
{
    if (HeapRules::must_fail_pages())
        return Code::NO_MEMORY;
    PageSource* other = load(other_source);
    return (other != nullptr ? other : load(permanent_source))->allocate_pages(pages);
}

void free_pages(void* first, size_t pages)
{
    if (frame_owner(arch::physical(first)) == FrameOwner::PageSource)
        frame_pool_source.free_pages(first, pages);
    else
        load(permanent_source)->free_pages(first, pages);
}

}
