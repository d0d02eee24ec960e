/** The release of this package, as worker rows show it. A test holds it against package.json. */
export const RELEASE = '0.1.0'
