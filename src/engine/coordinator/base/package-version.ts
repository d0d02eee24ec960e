/** The release of this package, as worker rows show it. A test holds it against package.json. */
export const PACKAGE_VERSION = '0.1.0'
