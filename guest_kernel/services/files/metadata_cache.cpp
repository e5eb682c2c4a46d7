#include "services/files/metadata_cache.h"

#include "kernel/panic.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;

namespace {

MetadataBlock* make_block(uint64_t number)
{
    auto* block = kernel::make<MetadataBlock>(kernel::Tag::Service, number);
    if (block != nullptr && block->data() == nullptr) {
        kernel::destroy(block);
        return nullptr;
    }
    return block;
}

}

MetadataCache::~MetadataCache()
{
    while (take_dirty() != nullptr) { }
    for (auto*& bucket : m_buckets) {
        while (auto* block = bucket) {
            bucket = block->m_next;
            kernel::destroy(block);
        }
    }
}

Result<MetadataBlock*> MetadataCache::get(uint64_t number, kernel::Ticket& ticket)
{
    auto* block = find(number);
    if (block != nullptr && block->failed()) {
        remove(*block);
        block = nullptr;
    }
    if (block == nullptr) {
        block = make_block(number);
        if (block == nullptr)
            return Code::NO_MEMORY;
        insert(*block);
        block->start_reading();
    }
    TRY(block->wait(ticket));
    return block;
}

MetadataBlock& MetadataCache::present(uint64_t number)
{
    auto* block = find(number);
    kernel::check(block != nullptr && !block->busy() && !block->failed(), "metadata is not in memory");
    return *block;
}

Result<MetadataBlock*> MetadataCache::make(uint64_t number)
{
    kernel::check(find(number) == nullptr, "a block in use is allocated");
    auto* block = make_block(number);
    if (block == nullptr)
        return Code::NO_MEMORY;
    __builtin_memset(block->data(), 0, abi::DISK_BLOCK_SIZE);
    insert(*block);
    return block;
}

Result<MetadataBlock*> MetadataCache::pin(uint64_t number)
{
    auto* block = TRY(make(number));
    block->m_pinned = true;
    TRY(devices::transfer_and_wait(abi::DiskOperation::READ, number, 1, block->data()));
    return block;
}

void MetadataCache::changed(MetadataBlock& block)
{
    if (block.m_dirty)
        return;
    block.m_dirty = true;
    m_dirty.append(block);
    ++m_dirty_count;
}

void MetadataCache::changed_again(uint64_t number)
{
    if (auto* block = find(number))
        changed(*block);
}

void MetadataCache::forget(uint64_t number)
{
    if (auto* block = find(number))
        remove(*block);
}

MetadataBlock* MetadataCache::take_dirty()
{
    auto* block = m_dirty.take_first();
    if (block == nullptr)
        return nullptr;
    block->m_dirty = false;
    --m_dirty_count;
    return block;
}

uint64_t MetadataCache::shrink(const BlockSet& in_log)
{
    uint64_t forgotten = 0;
    for (auto*& bucket : m_buckets) {
        for (auto* block = bucket; block != nullptr;) {
            auto* next = block->m_next;
            if (!block->m_dirty && !block->m_pinned && !block->busy() && !in_log.has(block->block())) {
                remove(*block);
                ++forgotten;
            }
            block = next;
        }
    }
    return forgotten;
}

MetadataBlock* MetadataCache::find(uint64_t number) const
{
    auto* block = m_buckets[number % buckets];
    while (block != nullptr && block->block() != number)
        block = block->m_next;
    return block;
}

void MetadataCache::insert(MetadataBlock& block)
{
    auto*& bucket = m_buckets[block.block() % buckets];
    block.m_next = bucket;
    bucket = &block;
    ++m_count;
}

void MetadataCache::remove(MetadataBlock& block)
{
    if (block.m_dirty) {
        m_dirty.remove(block);
        --m_dirty_count;
    }
    auto** link = &m_buckets[block.block() % buckets];
    while (*link != &block)
        link = &(*link)->m_next;
    *link = block.m_next;
    --m_count;
    kernel::destroy(&block);
}

}
