// Who holds what: what keeps a module from being unloaded, and the memory of classes and modules.

#include "arch/ppc64/percpu.h"
#include "devices/mailbox.h"
#include "devices/module_space.h"
#include "kernel/format.h"
#include "kernel/heap.h"
#include "kernel/init.h"
#include "monitor/reference_text.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"

namespace monitor {

namespace {

using devices::Module;
using devices::ValueReader;
using devices::ValueWriter;
using objects::ClassDescriptor;
using objects::Reference;
using objects::Root;

constexpr size_t text_size = 160;

// Where a module lies, and how many have pinned it.
struct Extent {
    uint64_t id = 0;
    uint64_t first = 0;
    uint64_t end = 0;
    uint64_t users = 0;

    bool contains(const void* address) const
    {
        const auto value = reinterpret_cast<uint64_t>(address);
        return value >= first && value < end;
    }
};

// Looks for the module with the extent's id.
Status find(Extent& extent)
{
    const auto compare = [](const Module& module, void* context) {
        auto& wanted = *static_cast<Extent*>(context);
        if (module.id == wanted.id)
            wanted = {module.id, module.base(), module.base() + module.pages() * abi::PAGE_SIZE, module.users};
    };
    devices::module_space().for_each(compare, &extent);
    return extent.end == 0 ? Status(Code::NOT_FOUND) : Status();
}

void write_holder(ValueWriter& result, const char* what, const char* which)
{
    result.begin_list();
    result.text(what);
    result.text(which);
    result.end_list();
}

void write_object(ValueWriter& result, const char* what, Reference reference, const ClassDescriptor& descriptor)
{
    char which[text_size];
    kernel::format(which, sizeof which, "%s of class %s, version %lu", ReferenceText(reference).text(), descriptor.name,
        descriptor.version);
    write_holder(result, what, which);
}

// Objects of its classes, and swaps that bring one.
void write_objects(ValueWriter& result, const Extent& extent)
{
    auto& table = objects::table();
    for (uint32_t index = 1; index < table.high_water(); ++index) {
        const Reference reference = table.at(index);
        const Root* root = table.root(reference);
        if (root != nullptr && extent.contains(&root->descriptor()))
            write_object(result, "object", reference, root->descriptor());
        const auto* swap = objects::swap_of(reference);
        if (swap != nullptr && extent.contains(&swap->new_class()))
            write_object(result, "swap", reference, swap->new_class());
    }
}

Status list_holders(ValueReader& arguments, ValueWriter& result)
{
    Extent extent{.id = TRY(arguments.number())};
    TRY(find(extent));
    objects::CountedScope keeps_roots_and_swaps;
    write_objects(result, extent);
    if (objects::adaptors().use(extent.first, extent.end))
        write_holder(result, "adaptor", "an adaptor's code or constants");
    if (extent.users > 0) {
        char which[text_size];
        kernel::format(which, sizeof which, "%lu: modules that require it, commands that run", extent.users);
        write_holder(result, "pins", which);
    }
    return {};
}

// Root and representatives; one that lies in the root is counted with it.
uint64_t bytes_of(const Root& root)
{
    const auto start = reinterpret_cast<uint64_t>(&root);
    const uint64_t size = kernel::size_of_block(&root);
    uint64_t sum = size;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        const objects::Object* rep = root.rep(cpu);
        if (rep != nullptr && reinterpret_cast<uint64_t>(rep) - start >= size)
            sum += kernel::size_of_block(rep);
    }
    return sum;
}

// Found in one pass over the table.
class ClassMemory {
public:
    void add(const Root& root)
    {
        if (Row* row = row_of(root.descriptor())) {
            ++row->count;
            row->bytes += bytes_of(root);
        }
    }
    void write(ValueWriter& result) const
    {
        for (unsigned i = 0; i < m_rows_used; ++i) {
            char which[text_size];
            kernel::format(which, sizeof which, "%s, version %lu", m_rows[i].descriptor->name,
                m_rows[i].descriptor->version);
            result.begin_list();
            result.text("class");
            result.text(which);
            result.number(m_rows[i].count);
            result.number(m_rows[i].bytes);
            result.end_list();
        }
    }

private:
    struct Row {
        const ClassDescriptor* descriptor;
        uint64_t count;
        uint64_t bytes;
    };
    static constexpr unsigned rows_max = 64;

    // Null when there are more classes than rows.
    Row* row_of(const ClassDescriptor& descriptor)
    {
        for (unsigned i = 0; i < m_rows_used; ++i) {
            if (m_rows[i].descriptor == &descriptor)
                return &m_rows[i];
        }
        if (m_rows_used == rows_max)
            return nullptr;
        m_rows[m_rows_used] = {&descriptor, 0, 0};
        return &m_rows[m_rows_used++];
    }

    Row m_rows[rows_max];
    unsigned m_rows_used = 0;
};

void write_module(const Module& module, void* context)
{
    auto& result = *static_cast<ValueWriter*>(context);
    result.begin_list();
    result.text("module");
    result.text(module.name);
    result.number(module.pages());
    result.number(module.pages() * abi::PAGE_SIZE);
    result.end_list();
}

Status list_owners(ValueReader&, ValueWriter& result)
{
    objects::CountedScope keeps_roots;
    ClassMemory classes;
    auto& table = objects::table();
    for (uint32_t index = 1; index < table.high_water(); ++index) {
        if (const Root* root = table.root(table.at(index)))
            classes.add(*root);
    }
    classes.write(result);
    devices::module_space().for_each(write_module, &result);
    return {};
}

Status start()
{
    TRY(devices::mailbox::register_handler(abi::Operation::HOLDERS, list_holders));
    return devices::mailbox::register_handler(abi::Operation::OWNERS, list_owners);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.owners", start};

}

}
