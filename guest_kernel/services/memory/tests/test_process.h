// A process as far as memory is concerned: an address space with regions, in which a thread runs a program.
#pragma once

#include "arch/ppc64/address_space.h"
#include "arch/ppc64/user.h"
#include "kernel/test.h"
#include "kernel/test_thread.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "services/memory/memory.h"
#include "services/memory/region_list.h"
#include "services/memory/user_fault.h"

extern "C" {
extern const char program_fill_pages[], program_fill_pages_end[];
extern const char program_sum_pages[], program_sum_pages_end[];
}

namespace services::tests {

inline constexpr uint64_t text_address = 0x1000'0000;
inline constexpr uint64_t data_address = 0x2000'0000;

// Its calls are those of a counted thread.
class TestProcess {
public:
    explicit TestProcess(objects::Ref<PageManager> manager) : m_manager(manager)
    {
        const auto made = make_address_translation();
        EXPECT(made.ok());
        translation = made.value();
    }
    TestProcess(const TestProcess&) = delete;
    TestProcess& operator=(const TestProcess&) = delete;

    // Of the current thread's program; parked as FileCache::write is.
    kernel::Status load(const char* begin, const char* end)
    {
        const auto cache = make_anonymous_cache(m_manager);
        if (!cache.ok())
            return cache.status();
        m_text = cache.value();
        auto& ticket = kernel::current_thread()->ticket();
        const auto written = m_text->write(0, begin, static_cast<uint64_t>(end - begin), &ticket);
        EXPECT(written.ok());
        return show(m_text, text_address, 1, arch::Protection::READ_EXECUTE);
    }
    kernel::Status show(objects::Ref<FileCache> cache, uint64_t address, uint64_t pages, arch::Protection protection)
    {
        const auto region = TRY(make_region({translation, cache, address, pages, 0, protection}));
        return regions.add(address, pages, region);
    }
    void start(uint64_t argument, uint64_t second)
    {
        context.start(text_address, data_address, argument);
        context.registers.gpr[4] = second;
        kernel::current_thread()->set_pid(translation->process_id().value());
    }
    // Runs the program to its system call, faults resolved. Parked: to be called again after the ticket.
    kernel::Status run()
    {
        for (;;) {
            if (!m_resolving) {
                const auto vector = arch::run_user(context);
                if (vector == arch::Vector::SYSTEM_CALL)
                    return {};
                if (!fault_of(context, vector, fault))
                    return kernel::Code::UNSUPPORTED;
                ++faults;
                m_resolving = true;
            }
            const auto resolved = resolve();
            m_resolving = resolved.is_parked();
            TRY(resolved);
        }
    }
    // Nothing is left of it but the caches that it was shown.
    void end()
    {
        kernel::current_thread()->set_pid(arch::EMPTY_PID);
        while (const auto region = regions.first()) {
            EXPECT(regions.remove(region).ok());
            EXPECT(destroy_region(region).ok());
        }
        if (m_text)
            EXPECT(destroy_cache(m_text, &kernel::current_thread()->ticket()).ok());
        EXPECT(destroy_address_translation(translation).ok());
    }

    uint64_t result() const { return context.registers.gpr[3]; }

    objects::Ref<AddressTranslation> translation;
    RegionList regions;
    arch::UserContext context;
    UserFault fault;
    uint64_t faults = 0;

private:
    kernel::Status resolve()
    {
        const auto region = regions.find(fault.address);
        if (!region)
            return kernel::Code::FAULT;
        return region->handle_fault(fault.address, fault.access, &kernel::current_thread()->ticket());
    }

    objects::Ref<PageManager> m_manager;
    objects::Ref<FileCache> m_text;
    // The fault that run came back with is not resolved yet.
    bool m_resolving = false;
};

}
