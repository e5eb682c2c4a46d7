// The caches of files under another interface that has the same methods: whoever calls the old one gets an adaptor that
// does nothing, for as long as the update is in service.

#include "objects/adaptation.h"
#include "objects/adaptor_plan.h"
#include "objects/adaptors.h"
#include "objects/update.h"
#include "services/memory/fcm_file.h"

namespace services::v2 {

// The shipped class: who is told of its own reference may call it, for the methods have the numbers that they had.
class FCMFile final : public v1::FCMFile {
public:
    static objects::FactoryMadeClass descriptor;

    using v1::FCMFile::FCMFile;

    // One that was converted is known to its page manager by the reference that it had before.
    kernel::Status close(kernel::Ticket* ticket) override
    {
        const kernel::Status closed = v1::FCMFile::close(ticket);
        if (closed.code() != kernel::Code::NOT_FOUND)
            return closed;
        const objects::Reference before
            = TRY(objects::adaptors().offer(root().reference(), *v1::FCMFile::descriptor.interface));
        return m_state.creation.manager->detach_cache(objects::Ref<FileCache>(before));
    }
};

using FCMFileRoot = v1::FCMFileRootOf<FCMFile>;

constinit objects::FactoryMadeClass FCMFile::descriptor
    = objects::factory_class<FCMFileRoot>("FCMFile", "FileCache/adapted", 2);

static const objects::ClassRegistration registration(FCMFile::descriptor);

namespace {

const objects::Adaptation<FileCache, FileCache> as_it_came;

constexpr objects::CallerClass old_callers[] = {{"RegionDefault", 2}, {"PMLeaf", 2}, {"PMRoot", 2}};
constexpr objects::CallerClass new_callers[]
    = {{"RegionDefault", 2, true}, {"PMLeaf", 2, true}, {"PMRoot", 2, true}};
constinit objects::AdaptorPlan plan
    = objects::adaptor_plan<objects::Adaptor>(as_it_came, old_callers, "a measurement");
constinit objects::AdaptorPlan way_back = objects::adaptor_plan<objects::Adaptor>(as_it_came, new_callers);

}

}

extern "C" kernel::Status module_init()
{
    objects::UpdateOptions options;
    options.adaptor = &services::v2::plan;
    options.way_back = &services::v2::way_back;
    return objects::update_class(services::v2::FCMFile::descriptor, options);
}
