/** Vite takes the styles out of the script. */
declare module '*.css'
