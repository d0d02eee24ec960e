/** @param folder where page.js and page.css go */
export declare function buildPage(folder: string): Promise<void>
