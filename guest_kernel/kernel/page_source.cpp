#include "kernel/page_source.h"

#include "abi.h"
#include "arch/ppc64/mmu.h"
#include "kernel/frames.h"

namespace kernel {

namespace {

class FramePoolSource final : public PageSource {
public:
    constexpr FramePoolSource() = default;
    Result<void*> allocate_pages(size_t pages) override
    {
        const uint64_t physical = TRY(allocate_frames(pages));
        return arch::linear(physical);
    }
    void free_pages(void* first, size_t pages) override { free_frames(arch::physical(first), pages); }
};

constinit FramePoolSource frame_pool_source;
// Swung by one store; a thread that has loaded the old one may still use it.
constinit PageSource* current_source = &frame_pool_source;

}

// Release and acquire: who sees the new source sees it constructed.
void set_page_source(PageSource& source)
{
    __atomic_store_n(&current_source, &source, __ATOMIC_RELEASE);
}

PageSource& page_source()
{
    return *__atomic_load_n(&current_source, __ATOMIC_ACQUIRE);
}

PageSource& frame_pool()
{
    return frame_pool_source;
}

Result<void*> allocate_pages(size_t pages)
{
    return page_source().allocate_pages(pages);
}

void free_pages(void* first, size_t pages)
{
    page_source().free_pages(first, pages);
}

}
