#include "fcm_default.h"

#include "objects/update.h"

namespace services::v2 {

constinit objects::FactoryMadeClass FCMDefault::descriptor
    = objects::factory_class<FCMDefaultRoot>("FCMDefault", "FileCache", 2);

static const objects::ClassRegistration registration(FCMDefault::descriptor);

}

extern "C" kernel::Status module_init()
{
    return objects::update_class(services::v2::FCMDefault::descriptor);
}
